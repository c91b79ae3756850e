import { isPusherError, PusherError } from "../errors.ts";
import type { Descriptor } from "../spec/descriptor.ts";
import { isTag } from "../spec/reference.ts";
import { type Digest, digestOf, isDigest } from "../spec/digest.ts";
import { MAX_DOCUMENT_BYTES } from "../spec/documents.ts";
import { MANIFEST_ACCEPT } from "../spec/media_type.ts";
import { printable } from "../util/printable.ts";
import { blobContent } from "./blob_content.ts";
import { BlobUpload, type UploadOwner } from "./blob_upload.ts";
import { type FoundManifest, manifestContent } from "./manifest_content.ts";
import { registryError } from "./registry_error.ts";
import { discard, readCapped, type RegistryRequest } from "./registry_request.ts";
import type { RegistrySession } from "./registry_session.ts";
import { type ListAccess, listReferrers, listTags } from "./repository_lists.ts";
import { uploadLocation } from "./upload_location.ts";

/** How a {@linkcode Repository} is used. */
export interface RepositoryOptions {
  /**
   * Whether it is only read: registries let more users do that.
   *
   * @default {false}
   */
  isReadOnly?: boolean;
}

/**
 * One repository of a registry: the distribution spec's endpoints, one method each, without policy. It is a
 * push target of the transfer engine.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md
 */
export class Repository {
  #session: RegistrySession;
  #repository: string;
  #scopes: readonly string[];

  /**
   * Names a repository; nothing is asked yet.
   *
   * @param session The registry.
   * @param repository Path within it, for example `library/nginx`.
   * @param options How it will be used.
   */
  constructor(session: RegistrySession, repository: string, options: RepositoryOptions = {}) {
    this.#session = session;
    this.#repository = repository;
    this.#scopes = [`repository:${repository}:${options.isReadOnly ? "pull" : "pull,push"}`];
  }

  /** For people, for example `registry.example.com/team/app`. */
  get name(): string {
    return `${this.#session.registry}/${this.#repository}`;
  }

  /** Its registry, as the user named it. */
  get registry(): string {
    return this.#session.registry;
  }

  /**
   * Another repository of the same registry.
   *
   * @param repository Path within it.
   * @returns The repository; nothing is asked yet.
   */
  sibling(repository: string): Repository {
    return new Repository(this.#session, repository);
  }

  /**
   * Asks whether a blob is there, with the size it should have.
   *
   * @param blob Which.
   * @param signal Ends the request.
   * @returns Whether it is; a blob of another size is taken as absent.
   */
  async hasBlob(blob: Descriptor, signal: AbortSignal): Promise<boolean> {
    const found = await this.#askBlob("HEAD", blob, signal);
    // A registry that does not answer the question takes the blob.
    if (!found || found === "not allowed") return false;
    return found.sizeBytes === undefined || found.sizeBytes === blob.size;
  }

  /**
   * Asks for a blob. Where the registry does not answer the question, the blob is asked for and not read.
   *
   * @param blob Which.
   * @param signal Ends the request.
   * @returns Its size, if the registry says it; `undefined` if the blob is not there.
   */
  async findBlob(
    blob: Descriptor,
    signal: AbortSignal,
  ): Promise<{ sizeBytes: number | undefined } | undefined> {
    const found = await this.#askBlob("HEAD", blob, signal);
    if (found !== "not allowed") return found;
    const again = await this.#askBlob("GET", blob, signal);
    return again === "not allowed" ? undefined : again;
  }

  /**
   * Opens an upload session, or has the blob mounted from another repository.
   *
   * @param signal Ends the request.
   * @param mount Asks for the mount of this blob from there. Whatever a registry has against it, a session is opened
   * then, since several answer a mount they do not want with an error.
   * @returns The session, at offset 0; `undefined` if the blob was mounted.
   * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#mounting-a-blob-from-another-repository
   */
  async startUpload(
    signal: AbortSignal,
    mount?: { digest: Digest; from: string },
  ): Promise<BlobUpload | undefined> {
    const request = this.#request("POST", "blobs/uploads/", { body: new Uint8Array(), signal });
    if (!mount) return await this.#opened(await this.#session.exchange(request), request);
    const url = new URL(`?mount=${mount.digest}&from=${mount.from}`, request.url);
    const scopes = [...this.#scopes, `repository:${mount.from}:pull`];
    const mounting = { ...request, url, scopes };
    try {
      const response = await this.#session.exchange(mounting);
      if (response.status === 202) return await this.#opened(response, mounting);
      await discard(response);
      if (response.status === 201) return undefined;
    } catch (error) {
      signal.throwIfAborted();
      if (!isPusherError(error)) throw error;
    }
    return await this.#opened(await this.#session.exchange(request), request);
  }

  /**
   * Goes on with a session that was left earlier.
   *
   * @param record What was remembered of it.
   * @param record.location Where its next request goes.
   * @param record.offsetBytes Bytes that the registry has confirmed.
   * @param record.minChunkBytes Smallest part the registry takes.
   * @param record.maxChunkBytes Largest part the registry takes, if it said so.
   * @returns The session; nothing is asked yet.
   */
  resumeUpload(record: {
    location: string;
    offsetBytes: number;
    minChunkBytes: number;
    maxChunkBytes?: number | undefined;
  }): BlobUpload {
    const { offsetBytes, minChunkBytes, maxChunkBytes = Infinity } = record;
    const location = new URL(record.location);
    return new BlobUpload(this.#owner(), { location, offsetBytes, minChunkBytes, maxChunkBytes });
  }

  /**
   * Stores a manifest under its digest or a tag.
   *
   * @param manifest Type, digest and size.
   * @param bytes The exact bytes.
   * @param tag The tag; by digest when absent.
   * @param signal Ends the request.
   * @returns What the registry says is the manifest's subject, if it lists the manifest there.
   * @throws {PusherError} `DIGEST_MISMATCH` if the registry stored something else.
   * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests-with-subject
   */
  async putManifest(
    manifest: Descriptor,
    bytes: Uint8Array,
    tag: string | undefined,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const headers = { "content-type": manifest.mediaType };
    const request = this.#request("PUT", `manifests/${tag ?? manifest.digest}`, {
      headers,
      body: bytes,
      signal,
    });
    const response = await this.#session.exchange(request);
    const shown = tag ? `${this.name}:${tag}` : `${this.name}@${manifest.digest}`;
    if (![201, 200, 202].includes(response.status)) {
      throw await this.#error(response, request, `push "${shown}"`);
    }
    await discard(response);
    const stored = response.headers.get("docker-content-digest");
    if (stored === null || stored === manifest.digest) {
      return response.headers.get("oci-subject") ?? undefined;
    }
    throw new PusherError(
      "DIGEST_MISMATCH",
      `Cannot push "${shown}": the registry stored it as ${printable(stored, 100)}`,
      {
        detail: { expected: manifest.digest, actual: stored },
        hint: "This registry rewrites manifests: what it serves is not what the archive holds.",
      },
    );
  }

  /**
   * Asks which manifest a tag points at. Where the registry does not say its digest, the manifest is read.
   *
   * @param reference Tag or digest.
   * @param signal Ends the request.
   * @returns Its digest, or `undefined` if there is none.
   */
  async manifestDigest(reference: string, signal: AbortSignal): Promise<Digest | undefined> {
    const found = await this.#askManifest("HEAD", reference, signal);
    if (!found) return undefined;
    await discard(found);
    const digest = found.headers.get("docker-content-digest");
    if (digest && isDigest(digest)) return digest;
    const response = await this.#askManifest("GET", reference, signal);
    if (!response) return undefined;
    const { bytes, complete } = await readCapped(response, MAX_DOCUMENT_BYTES);
    return complete ? await digestOf(bytes) : undefined;
  }

  /**
   * Reads a manifest.
   *
   * @param reference Tag or digest.
   * @param signal Ends the request.
   * @returns Its bytes, unchecked; `undefined` if there is none.
   * @throws {PusherError} `REGISTRY_UNSUPPORTED` if it is larger than manifests may be.
   */
  async getManifest(reference: string, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const response = await this.#askManifest("GET", reference, signal);
    if (!response) return undefined;
    const { bytes, complete } = await readCapped(response, MAX_DOCUMENT_BYTES);
    if (complete) return bytes;
    throw new PusherError(
      "REGISTRY_UNSUPPORTED",
      `Cannot read the manifest "${reference}" of "${this.name}": it is too large`,
      { detail: { registry: this.registry, request: `GET /v2/${this.#repository}/manifests/${reference}` } },
    );
  }

  /**
   * Reads a manifest and finds out what it is.
   *
   * @param reference Tag or digest.
   * @param signal Ends the request.
   * @returns Its exact bytes, with their digest; `undefined` if there is none.
   * @throws {PusherError} `DIGEST_MISMATCH` if it is not what its digest says, `REGISTRY_UNSUPPORTED` if it is no manifest.
   * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests
   */
  async readManifest(reference: string, signal: AbortSignal): Promise<FoundManifest | undefined> {
    const response = await this.#askManifest("GET", reference, signal);
    if (!response) return undefined;
    const detail = { registry: this.registry, request: `GET /v2/${this.#repository}/manifests/${reference}` };
    return await manifestContent(response, { reference, from: this.name, detail });
  }

  /**
   * Opens the content of a blob.
   *
   * @param blob Which.
   * @param offsetBytes The first byte wanted.
   * @param signal Ends the request and the stream.
   * @returns The bytes from there, unchecked; the registry may send fewer or more.
   * @throws {PusherError} As the registry or the network failed, and as {@linkcode blobContent}.
   * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-blobs
   */
  async readBlob(
    blob: Descriptor,
    offsetBytes: number,
    signal: AbortSignal,
  ): Promise<ReadableStream<Uint8Array>> {
    const path = `blobs/${blob.digest}`;
    const detail = { registry: this.registry, request: `GET /v2/${this.#repository}/${path}` };
    return await blobContent({ blob, offsetBytes, from: this.name, detail }, async (range) => {
      const request = this.#request("GET", path, { headers: range ? { range } : {}, signal });
      const response = await this.#session.exchange(request);
      if (response.status === 200 || range && [206, 416].includes(response.status)) return response;
      throw await this.#error(response, request, `read blob ${blob.digest} of "${this.name}"`);
    });
  }

  async #askBlob(
    method: "HEAD" | "GET",
    blob: Descriptor,
    signal: AbortSignal,
  ): Promise<{ sizeBytes: number | undefined } | "not allowed" | undefined> {
    const request = this.#request(method, `blobs/${blob.digest}`, { signal });
    const response = await this.#session.exchange(request);
    if (![200, 404, 405].includes(response.status)) {
      throw await this.#error(response, request, `ask "${this.name}" for a blob`);
    }
    await response.body?.cancel();
    if (response.status === 404) return undefined;
    if (response.status === 405) return "not allowed";
    const size = response.headers.get("content-length");
    return { sizeBytes: size === null ? undefined : Number(size) };
  }

  /**
   * Lists the tags.
   *
   * @param signal Ends the requests.
   * @returns All tags, in the order of the registry; `undefined` if there is no such repository.
   * @throws {PusherError} As the registry or the network failed, `REGISTRY_UNSUPPORTED` if it is no list.
   */
  async listTags(signal: AbortSignal): Promise<string[] | undefined> {
    return await listTags(this.#lists(signal));
  }

  /**
   * Lists what refers to a manifest; fails as {@linkcode Repository.listTags} does.
   *
   * @param subject Digest of the manifest; it need not be there.
   * @param signal Ends the requests.
   * @returns What refers to it; `undefined` if the registry keeps no such lists, and clients keep them under tags.
   */
  async listReferrers(subject: Digest, signal: AbortSignal): Promise<Descriptor[] | undefined> {
    return await listReferrers(subject, this.#lists(signal));
  }

  #lists(signal: AbortSignal): ListAccess {
    return {
      name: this.name,
      request: (path, headers = {}) => this.#request("GET", path, { headers, signal }),
      exchange: this.#session.exchange,
      failure: (response, request, action) => this.#error(response, request, action),
    };
  }

  async #askManifest(
    method: "HEAD" | "GET",
    reference: string,
    signal: AbortSignal,
  ): Promise<Response | undefined> {
    // It becomes a part of a path.
    if (!isTag(reference) && !isDigest(reference)) {
      throw new TypeError(
        `Cannot ask for a manifest as 'reference' is neither tag nor digest: "${reference}"`,
      );
    }
    const headers = { accept: MANIFEST_ACCEPT };
    const request = this.#request(method, `manifests/${reference}`, { headers, signal });
    const response = await this.#session.exchange(request);
    if (response.status === 200) return response;
    if (response.status !== 404) {
      throw await this.#error(response, request, `ask "${this.name}" for "${reference}"`);
    }
    await discard(response);
    return undefined;
  }

  async #opened(response: Response, request: RegistryRequest): Promise<BlobUpload> {
    const action = `upload to "${this.name}"`;
    if (response.status !== 202) throw await this.#error(response, request, action);
    await discard(response);
    const location = uploadLocation(response, request, this.#session.baseUrl);
    if (!location) {
      throw this.#unsupported(request, `${action}: the registry names no upload location`);
    }
    const minChunkBytes = wholeNumber(response.headers.get("oci-chunk-min-length")) ?? 0;
    // A proposal only, yet some send it: https://github.com/opencontainers/distribution-spec/issues/485
    const maxChunkBytes = wholeNumber(response.headers.get("oci-chunk-max-length")) || Infinity;
    return new BlobUpload(this.#owner(), { location, offsetBytes: 0, minChunkBytes, maxChunkBytes });
  }

  #owner(): UploadOwner {
    return { session: this.#session, scopes: this.#scopes, repository: this.#repository };
  }

  #request(
    method: RegistryRequest["method"],
    path: string,
    rest: Pick<RegistryRequest, "headers" | "body" | "signal">,
  ): RegistryRequest {
    const url = new URL(`v2/${this.#repository}/${path}`, this.#session.baseUrl);
    return { method, url, scopes: this.#scopes, ...rest };
  }

  #error(response: Response, request: RegistryRequest, action: string): Promise<PusherError> {
    const { registry, hasCredentials, clock } = this.#session;
    const repository = this.#repository;
    return registryError(response, request, {
      action,
      registry,
      repository,
      hasCredentials,
      nowMs: clock.now(),
    });
  }

  #unsupported(request: RegistryRequest, problem: string): PusherError {
    const { registry } = this.#session;
    return new PusherError("REGISTRY_UNSUPPORTED", `Cannot ${problem}`, {
      detail: {
        registry,
        request: `${request.method} ${request.url.pathname}`,
      },
      hint: "Check that this host is a container registry; --debug shows each request.",
    });
  }
}

function wholeNumber(header: string | null): number | undefined {
  const number = /^\d+$/.test(header ?? "") ? Number(header) : undefined;
  return Number.isSafeInteger(number) ? number : undefined;
}
