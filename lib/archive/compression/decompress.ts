import { isPusherError } from "../../errors.ts";
import type { ByteReader } from "../../util/byte_reader.ts";
import { Handoff } from "../../util/handoff.ts";
import { corruptArchive } from "../archive_error.ts";
import { type Compression, isNative, type NativeCompression } from "./compression.ts";
import { decompressByProgram } from "./decompress_by_program.ts";
import { startInflater } from "./inflater.ts";

/** What is read of compressed bytes at a time. */
const BUFFER_BYTES = 64 * 2 ** 10;

/** Bytes that come once; disposing it ends what gives them. */
export interface Decompressed extends AsyncDisposable {
  /** Gives them. */
  readonly read: ByteReader;
}

/** What is decompressed, for messages. */
export interface CompressedInput {
  /** As the user named it. */
  path: string;
  /** Gives it. */
  read: ByteReader;
}

/**
 * Decompresses what comes once, as it is asked for: gzip and zstd by the runtime, the rest by the program of its name.
 *
 * @param input What comes.
 * @param compression How it is compressed.
 * @returns What it decompresses to. Reading fails with `ARCHIVE_CORRUPT` if it cannot be decompressed, with
 * `ARCHIVE_UNSUPPORTED` if the program is not there.
 */
export function decompress(input: CompressedInput, compression: Compression): Decompressed {
  return isNative(compression) ? inflate(input, compression) : decompressByProgram(input, compression);
}

function inflate({ path, read }: CompressedInput, compression: NativeCompression): Decompressed {
  const handoff = new Handoff();
  const feed = async (): Promise<void> => {
    try {
      const buffer = new Uint8Array(BUFFER_BYTES);
      using inflater = await startInflater(compression, (bytes) => handoff.give(bytes));
      for (let readBytes = 0; (readBytes = await read(buffer)) > 0;) {
        await inflater.write(buffer.subarray(0, readBytes));
      }
      await inflater.end();
      handoff.end();
    } catch (error) {
      handoff.end(isPusherError(error) ? error : notDecompressed(path, compression, error));
    }
  };
  let feeding: Promise<void> | undefined;
  return {
    read(into) {
      feeding ??= feed();
      return handoff.take(into);
    },
    [Symbol.asyncDispose]() {
      handoff.end(new Error("Nobody reads on"));
      return Promise.resolve();
    },
  };
}

function notDecompressed(path: string, compression: Compression, cause: unknown): Error {
  return corruptArchive(path, `it cannot be decompressed as ${compression}`, {
    cause,
    hint: "Copy it again from where it came from: it is damaged, or was cut off.",
  });
}
