import { ImageLayout } from "../../lib/layout/image_layout.ts";
import { openLayoutStore } from "../../lib/server/layout/open_layout_store.ts";
import { createRegistryHandler, type RegistryHandler } from "../../lib/server/registry_handler.ts";
import type { Descriptor } from "../../lib/spec/descriptor.ts";
import type { Digest } from "../../lib/spec/digest.ts";
import { MEDIA_TYPE } from "../../lib/spec/media_type.ts";
import { systemClock } from "../../lib/util/clock.ts";
import { sha256Of } from "./registry/repository.ts";
import type { CallAnswer } from "./registry_call.ts";
import { makeTempDir, type TempDir } from "./temp_dir.ts";

/** A registry that keeps what is pushed in a directory, without a socket. */
export interface ServedStore extends AsyncDisposable {
  /** Where things are kept, in `store`. */
  readonly dir: TempDir;
  /** The layout. */
  readonly path: string;
  /** Answers requests. */
  readonly handler: RegistryHandler;
  /** Opens the directory anew, as a later process does. */
  reopen(): Promise<RegistryHandler>;
}

/**
 * Opens a registry on an empty directory.
 *
 * @returns The registry; disposing it removes the directory.
 */
export async function openServedStore(): Promise<ServedStore> {
  const dir = await makeTempDir();
  const path = dir.join("store");
  const open = async (): Promise<RegistryHandler> =>
    createRegistryHandler(await openLayoutStore(new ImageLayout(path, systemClock), systemClock));
  return {
    dir,
    path,
    handler: await open(),
    reopen: open,
    [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose](),
  };
}

/**
 * Asks a registry without a socket in between.
 *
 * @param handler The registry.
 * @param request Method and path, for example `GET /v2/`.
 * @param init Headers and body.
 * @returns The answer, read to its end.
 */
export async function ask(
  handler: RegistryHandler,
  request: string,
  init: Pick<RequestInit, "body" | "headers"> = {},
): Promise<CallAnswer> {
  const [method = "", path = ""] = request.split(" ");
  const answer = await handler(new Request(new URL(path, "http://registry.test"), { ...init, method }));
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}

/**
 * Pushes a blob in one request.
 *
 * @param handler The registry.
 * @param repository Where.
 * @param content Its content.
 * @returns Names it.
 */
export async function pushBlob(
  handler: RegistryHandler,
  repository: string,
  content: string,
): Promise<Descriptor> {
  const bytes = new TextEncoder().encode(content);
  const digest = sha256Of(bytes);
  const { status, text } = await ask(handler, `POST /v2/${repository}/blobs/uploads/?digest=${digest}`, {
    body: bytes,
    headers: { "Content-Type": MEDIA_TYPE.octetStream },
  });
  if (status !== 201) throw new Error(`The blob was not taken: ${status} ${text}`);
  return { mediaType: MEDIA_TYPE.octetStream, digest, size: bytes.length };
}

/**
 * Pushes a manifest or index.
 *
 * @param handler The registry.
 * @param place `repository:tag`, or a repository alone for a push by digest.
 * @param document What to push; its `mediaType` is the Content-Type.
 * @returns Its digest, and the answer.
 */
export async function pushManifest(
  handler: RegistryHandler,
  place: string,
  document: { mediaType: string; [field: string]: unknown },
): Promise<{ digest: Digest; answer: CallAnswer }> {
  const body = JSON.stringify(document);
  const digest = sha256Of(new TextEncoder().encode(body));
  const [repository, tag = digest] = place.split(":");
  const headers = { "Content-Type": document.mediaType };
  return { digest, answer: await ask(handler, `PUT /v2/${repository}/manifests/${tag}`, { body, headers }) };
}

/** An image manifest that names a config and layers. */
export interface ImageDocument {
  /** Always 2. */
  schemaVersion: 2;
  /** OCI's. */
  mediaType: string;
  /** The config. */
  config: Descriptor;
  /** The layers. */
  layers: Descriptor[];
  /** Whatever else. */
  [field: string]: unknown;
}

/**
 * Pushes the blobs of an image, and makes its manifest.
 *
 * @param handler The registry.
 * @param repository Where.
 * @param options What is special.
 * @param options.seed Makes one image differ from another.
 * @param options.fields Further fields of the manifest.
 * @returns The manifest, not pushed yet.
 */
export async function prepareImage(
  handler: RegistryHandler,
  repository: string,
  { seed = "1", fields = {} }: { seed?: string; fields?: Record<string, unknown> } = {},
): Promise<ImageDocument> {
  const config = await pushBlob(
    handler,
    repository,
    `{"architecture":"amd64","os":"linux","seed":"${seed}"}`,
  );
  const layer = await pushBlob(handler, repository, `the layer of ${seed}`);
  return {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociManifest,
    config: { ...config, mediaType: MEDIA_TYPE.ociConfig },
    layers: [{ ...layer, mediaType: MEDIA_TYPE.ociLayer }],
    ...fields,
  };
}
