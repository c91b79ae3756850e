import { type InputSource, openInput } from "../../archive/archive_input.ts";
import type { ImageArchive } from "../../archive/image_archive.ts";
import { openArchive } from "../../archive/open_archive.ts";
import {
  digestPassing,
  type FileConsumer,
  type PassingFile,
  readPipedArchive,
} from "../../archive/read_piped_archive.ts";
import type { Digest } from "../../spec/digest.ts";
import { formatReference } from "../../spec/reference.ts";
import type { ArchiveIdentity } from "../../transfer/events.ts";
import type { ByteReader } from "../../util/byte_reader.ts";
import type { CommandContext } from "../command_context.ts";
import type { Inputs } from "./find_inputs.ts";

/** Open archives; disposing it closes them. */
export interface OpenArchives extends Disposable {
  /** In the order they were named. */
  readonly archives: readonly ImageArchive[];
}

/** What archives are opened with. */
export interface OpenOptions {
  /** Those that are read once. */
  inputs: Inputs;
  /** Takes what passes of these; only hashed when absent. */
  onFile?: FileConsumer | undefined;
}

/**
 * Opens archives, whatever they are. Those that can be read only once are read to their end.
 *
 * @param paths Their paths.
 * @param options What is read once, and who takes what passes.
 * @param context Told of what is odd about an archive.
 * @returns The archives.
 * @throws {PusherError} As `openArchive` and `readPipedArchive`.
 */
export async function openArchives(
  paths: readonly string[],
  { inputs, onFile = hashOnly }: OpenOptions,
  { onEvent, signal }: Pick<CommandContext, "onEvent" | "signal">,
): Promise<OpenArchives> {
  using resources = new DisposableStack();
  const archives: ImageArchive[] = [];
  for (const path of paths) {
    const source = inputs.sources.get(path);
    const archive = source ? await readOnce(source, onFile, signal) : await openArchive(path);
    archives.push(resources.use(archive));
    for (const message of archive.notices) onEvent({ type: "notice", message });
    onEvent({ type: "archive:ready", ...identity(archive) });
  }
  const open = resources.move();
  return { archives, [Symbol.dispose]: () => open.dispose() };
}

function identity({ path, format, sizeBytes, images }: ImageArchive): ArchiveIdentity {
  return {
    path,
    format,
    sizeBytes,
    images: images.map(({ names, root: { descriptor } }) => (
      { names: names.map(formatReference), digest: descriptor.digest }
    )),
  };
}

async function readOnce(
  source: InputSource,
  onFile: FileConsumer,
  signal: AbortSignal,
): Promise<ImageArchive> {
  // A read that waits for somebody to write ends in no other way.
  const stop = (): void => source.close();
  signal.addEventListener("abort", stop);
  try {
    await using input = await openInput(source);
    return await readPipedArchive(input, onFile);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

async function hashOnly(_: PassingFile, read: ByteReader): Promise<{ digest: Digest }> {
  return { digest: await digestPassing(read) };
}
