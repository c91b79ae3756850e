import {
  connectRegistry,
  DEFAULT_RETRY_POLICY,
  fetchImage,
  layOutArchive,
  parseReference,
  type PartsSink,
  receiveParts,
  Repository,
  systemClock,
} from "../../lib/mod.ts";

/**
 * Pulls an image, with all its platforms, into an archive that docker, podman and others load.
 *
 * @param name The image: `registry/repository:tag`.
 * @param path The archive; must not exist.
 * @returns How many bytes of layers were received.
 */
export async function pullImage(name: string, path: string): Promise<number> {
  const { signal } = new AbortController();
  const reference = parseReference(name);
  const { registry, repository, tag = "latest", digest } = reference;
  using session = await connectRegistry(registry, { clock: systemClock, signal });
  const origin = new Repository(session, repository);
  const context = {
    policy: DEFAULT_RETRY_POLICY,
    clock: systemClock,
    random: Math.random,
    signal,
    onEvent: () => {},
  };
  const image = await fetchImage(origin, digest ?? tag, context);
  if (!image) throw new Error(`There is no ${name}`);
  const { parts } = await layOutArchive([{ names: [reference], root: image.root }], { known: image.configs });
  using file = await Deno.open(path, { createNew: true, write: true });
  const { receivedBytes } = await receiveParts(parts, {
    ...context,
    sink: fileSink(file),
    originOf: () => origin,
  });
  return receivedBytes;
}

/** Writes from the start; nothing is there that could be continued. */
function fileSink(file: Deno.FsFile): PartsSink {
  return {
    readHeld: () => Promise.resolve(0),
    continueAt: async (positionBytes) => {
      await file.truncate(positionBytes);
      await file.seek(positionBytes, Deno.SeekMode.Start);
    },
    write: async (bytes) => {
      for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
    },
  };
}
