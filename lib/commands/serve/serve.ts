import { isPusherError, PusherError } from "../../errors.ts";
import { ImageLayout } from "../../layout/image_layout.ts";
import { type ArchiveStore, createArchiveStore } from "../../server/archive_store.ts";
import type { BasicLogin } from "../../server/basic_login.ts";
import { type HttpService, type ListenAddress, startHttpService } from "../../server/http_service.ts";
import { openLayoutStore } from "../../server/layout/open_layout_store.ts";
import { createRegistryHandler, type RegistryHandler } from "../../server/registry_handler.ts";
import type { RegistryStore } from "../../server/registry_store.ts";
import { joinStores } from "../../server/union_store.ts";
import type { Digest } from "../../spec/digest.ts";
import { readCappedFile } from "../../util/read_capped_file.ts";
import { printable } from "../../util/printable.ts";
import { systemReason } from "../../util/system_reason.ts";
import type { CommandContext } from "../command_context.ts";
import { formatListenAddress, isLoopback, parseListenAddress } from "./listen_address.ts";
import { openServed } from "./open_served.ts";
import { watchedHandler } from "./watched_handler.ts";

const DEFAULT_ADDRESS = "127.0.0.1:5000";
/** For requests that are being answered when the user stops it. */
const GRACE_MS = 5_000;
const MAX_PEM_BYTES = 2 ** 20;

/** What to serve, and to whom. */
export interface ServeOptions {
  /** Archives, layout directories, and directories with archives in them. */
  archives: readonly string[];
  /**
   * Where to listen.
   *
   * @default {"127.0.0.1:5000"}
   */
  listen?: string | undefined;
  /** Directory that takes what is pushed; nothing can be pushed when absent. */
  store?: string | undefined;
  /** File of a certificate chain in PEM. */
  tlsCert?: string | undefined;
  /** File of its key. */
  tlsKey?: string | undefined;
  /** Who may use it; everybody when absent. */
  login?: BasicLogin | undefined;
  /** Told when it listens. */
  onListening: (report: ServeReport) => void;
}

/** What is served, ready for JSON. */
export interface ServeReport {
  /** For example `http://127.0.0.1:5000`. */
  url: string;
  /** Whether nothing can be pushed. */
  isReadOnly: boolean;
  /** What can be pulled at the start, in order. */
  images: readonly { reference: string; digest: Digest }[];
}

/**
 * Serves images as a registry, until the user stops it: those of archives in place, and those of a directory that also
 * takes what is pushed.
 *
 * @param options What, and where.
 * @param context Is told, and stops it.
 * @throws {PusherError} `USAGE` if it cannot listen there; `ARCHIVE_NOT_FOUND`, `ARCHIVE_UNSUPPORTED`, `ARCHIVE_CORRUPT`;
 * `STATE_CORRUPT`, `STATE_UNREADABLE`, `STATE_UNWRITABLE` of the directory.
 */
export async function serve(options: ServeOptions, context: CommandContext): Promise<void> {
  const { login, onListening, store: directory } = options;
  if (options.archives.length === 0 && directory === undefined) throw nothingToServe();
  const address = parseListenAddress(options.listen ?? DEFAULT_ADDRESS);
  const tls = await readTls(options);
  using served = await openServed(options.archives, context);
  const inPlace = createArchiveStore(served.archives);
  tellHidden(inPlace, context);
  const { clock } = context;
  const layout = directory === undefined
    ? []
    : [await openLayoutStore(new ImageLayout(directory, clock), clock)];
  const store = joinStores([...layout, inPlace.store]);
  const handler = watchedHandler(createRegistryHandler(store, { login }), context);
  const service = listen(handler, address, { tls, context });
  try {
    // As it was named, since that is what a certificate is for.
    const host = formatListenAddress({ ...address, port: service.address.port });
    const isReadOnly = store.writer === undefined;
    tellOpen({ address: service.address, login, isReadOnly, isPlain: !tls }, context);
    const images = await listImages(host, { store, inPlace });
    onListening({ url: `${tls ? "https" : "http"}://${host}`, isReadOnly, images });
    await stopped(context.signal);
    tellWaiting(service, context);
  } finally {
    await service.stop(GRACE_MS);
  }
}

function listen(
  handler: RegistryHandler,
  address: ListenAddress,
  { tls, context }: { tls: { cert: string; key: string } | undefined; context: CommandContext },
): HttpService {
  const { clock, onEvent } = context;
  const onError = (error: unknown): void => {
    const message = error instanceof Error ? error.message : String(error);
    onEvent({ type: "warning", message: `While serving: ${message}` });
  };
  try {
    return startHttpService(handler, { ...address, tls, onError, clock });
  } catch (cause) {
    throw new PusherError(
      "USAGE",
      `Cannot listen on ${printable(formatListenAddress(address))}: ${systemReason(cause)}`,
      {
        detail: { option: "--listen" },
        hint: cause instanceof Deno.errors.AddrInUse
          ? "Choose another port with --listen, for example --listen 127.0.0.1:0 for one that is free."
          : "Check --listen, and the files of --tls-cert and --tls-key if there are any.",
        cause,
      },
    );
  }
}

async function readTls(
  { tlsCert, tlsKey }: ServeOptions,
): Promise<{ cert: string; key: string } | undefined> {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) {
    const option = tlsCert === undefined ? "--tls-cert" : "--tls-key";
    throw new PusherError("USAGE", `Cannot serve with half of a certificate: ${option} is missing`, {
      detail: { option },
      hint: "Give both --tls-cert and --tls-key.",
    });
  }
  return { cert: await readPem(tlsCert, "--tls-cert"), key: await readPem(tlsKey, "--tls-key") };
}

async function readPem(path: string, option: string): Promise<string> {
  try {
    return new TextDecoder().decode(await readCappedFile(path, MAX_PEM_BYTES));
  } catch (cause) {
    throw new PusherError("USAGE", `Cannot read "${printable(path)}": ${systemReason(cause)}`, {
      detail: { option },
      hint: `Check the file of ${option}.`,
      cause,
    });
  }
}

async function listImages(
  host: string,
  { store, inPlace }: { store: RegistryStore; inPlace: ArchiveStore },
): Promise<ServeReport["images"]> {
  const images: { reference: string; digest: Digest }[] = [];
  for (const repository of (await store.repositories()).toSorted()) {
    for (const tag of (await store.tags(repository) ?? []).toSorted()) {
      const manifest = await store.findManifest(repository, tag);
      if (!manifest) continue;
      images.push({ reference: `${host}/${repository}:${tag}`, digest: manifest.descriptor.digest });
    }
  }
  for (const { repository, tag, digest } of inPlace.images) {
    if (tag === undefined) images.push({ reference: `${host}/${repository}`, digest });
  }
  return images;
}

function tellHidden({ hidden }: ArchiveStore, { onEvent }: CommandContext): void {
  for (const { repository, tag, digest, path } of hidden) {
    onEvent({
      type: "notice",
      message:
        `${repository}:${tag} of ${path} is served as ${repository}@${digest} only, since an earlier ` +
        "archive has that name.",
    });
  }
}

function tellOpen(
  { address, login, isReadOnly, isPlain }: {
    address: ListenAddress;
    login: BasicLogin | undefined;
    isReadOnly: boolean;
    isPlain: boolean;
  },
  { onEvent }: CommandContext,
): void {
  if (isLoopback(address.hostname)) return;
  const host = formatListenAddress(address);
  if (!login) {
    const what = isReadOnly ? "read these images" : "read these images and push others";
    onEvent({
      type: "notice",
      message:
        `Everybody who reaches ${host} can ${what}: --username and --password-stdin ask for a password.`,
    });
  } else if (isPlain) {
    onEvent({
      type: "notice",
      message: `Passwords travel to ${host} readable to others: --tls-cert and --tls-key encrypt.`,
    });
  }
}

function tellWaiting({ underWay }: HttpService, { onEvent }: CommandContext): void {
  if (underWay === 0) return;
  const requests = underWay === 1 ? "1 request has" : `${underWay} requests have`;
  onEvent({
    type: "notice",
    message: `${requests} ${GRACE_MS / 1_000} seconds to end. Ctrl-C again ends it now.`,
  });
}

/** Being stopped is how a service ends; anything else is a failure. */
async function stopped(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) {
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  }
  if (!isPusherError(signal.reason, "CANCELED")) throw signal.reason;
}

function nothingToServe(): PusherError {
  return new PusherError("USAGE", "Cannot serve: neither archives nor a store are named", {
    detail: { option: "--store" },
    hint: "Name archives, or a directory for what is pushed: serve --store DIR.",
  });
}
