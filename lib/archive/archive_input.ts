import { PusherError } from "../errors.ts";
import type { ByteReader } from "../util/byte_reader.ts";
import { systemReason } from "../util/system_reason.ts";
import { corruptArchive, unreadableArchive } from "./archive_error.ts";
import { decompress } from "./compression/decompress.ts";
import { sniffArchive } from "./sniff_archive.ts";
import { TAR_BLOCK_BYTES } from "./tar/tar_header.ts";

/** The name of standard input, as in other programs. */
export const STANDARD_INPUT = "-";

/** Something that is read once: standard input, a pipe of another name, or a compressed file. */
export interface InputSource {
  /** As the user named it. */
  path: string;
  /** Gives its bytes. */
  read: ByteReader;
  /** Ends reading, also one that has begun. */
  close(): void;
}

/** An archive that is read once, decompressed where it has to be. */
export interface ArchiveInput extends AsyncDisposable {
  /** As the user named it. */
  readonly path: string;
  /** Gives it, uncompressed. */
  readonly read: ByteReader;
  /** Bytes that came so far, as they are. */
  readonly readBytes: number;
}

/**
 * Finds out whether a file has to be read from its start to its end: because it is a pipe, or compressed as a whole.
 *
 * @param path The file.
 * @returns The open file; `undefined` if it can be read anywhere, or not at all.
 * @throws {PusherError} `ARCHIVE_NOT_FOUND` if it may not be read.
 */
export async function findInput(path: string): Promise<InputSource | undefined> {
  const info = await Deno.stat(path).catch(() => undefined);
  // What is not there is told by whoever opens it as an archive.
  if (!info || info.isDirectory) return undefined;
  try {
    using resources = new DisposableStack();
    const file = resources.use(await Deno.open(path));
    if (info.isFile) {
      const start = new Uint8Array(TAR_BLOCK_BYTES);
      const readBytes = await file.read(start) ?? 0;
      if (!sniffArchive(start.subarray(0, readBytes))) return undefined;
      await file.seek(0, Deno.SeekMode.Start);
    }
    const owned = resources.move();
    return {
      path,
      read: async (into) => await file.read(into) ?? 0,
      close: () => owned.dispose(),
    };
  } catch (error) {
    throw unreadableArchive(path, error);
  }
}

/**
 * Begins to read an archive that comes once. How it is compressed, its content says.
 *
 * @param source What gives it; closed with the result.
 * @returns The archive, uncompressed.
 * @throws {PusherError} `ARCHIVE_CORRUPT` if reading fails.
 */
export async function openInput(source: InputSource): Promise<ArchiveInput> {
  await using resources = new AsyncDisposableStack();
  resources.defer(() => source.close());
  let readBytes = 0;
  const readSource = async (into: Uint8Array): Promise<number> => {
    const count = await readOrExplain(source, into);
    readBytes += count;
    return count;
  };
  const start = await readStart(readSource);
  const compression = sniffArchive(start);
  const whole = { path: source.path, read: startingWith(start, readSource) };
  const { read } = compression ? resources.use(decompress(whole, compression)) : whole;
  const owned = resources.move();
  return {
    path: source.path,
    read,
    get readBytes() {
      return readBytes;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function readOrExplain({ path, read }: InputSource, into: Uint8Array): Promise<number> {
  try {
    return await read(into);
  } catch (error) {
    if (error instanceof PusherError) throw error;
    throw corruptArchive(path, `reading failed: ${systemReason(error)}`, {
      hint: "Check where it comes from.",
      cause: error,
    });
  }
}

async function readStart(read: ByteReader): Promise<Uint8Array> {
  const start = new Uint8Array(TAR_BLOCK_BYTES);
  let filledBytes = 0;
  while (filledBytes < start.length) {
    const readBytes = await read(start.subarray(filledBytes));
    if (readBytes === 0) break;
    filledBytes += readBytes;
  }
  return start.subarray(0, filledBytes);
}

function startingWith(start: Uint8Array, read: ByteReader): ByteReader {
  let rest = start;
  return async (into) => {
    if (rest.length === 0) return await read(into);
    const piece = rest.subarray(0, into.length);
    into.set(piece);
    rest = rest.subarray(piece.length);
    return piece.length;
  };
}
