import type { StandardInput } from "../../lib/commands/command_context.ts";
import type { ByteReader } from "../../lib/util/byte_reader.ts";

/**
 * Gives bytes once, from the first to the last.
 *
 * @param bytes What to give.
 * @param pieceBytes The most that is given at a time; as much as fits when absent.
 * @returns The reader.
 */
export function bytesReader(bytes: Uint8Array, pieceBytes: number = Infinity): ByteReader {
  let givenBytes = 0;
  return (into) => {
    const piece = bytes.subarray(givenBytes, givenBytes + Math.min(into.length, pieceBytes));
    into.set(piece);
    givenBytes += piece.length;
    return Promise.resolve(piece.length);
  };
}

/**
 * Standard input that holds bytes.
 *
 * @param bytes What is piped in.
 * @param onRead Told before each read how much was read; may throw.
 * @returns The input; it can be read once.
 */
export function pipedInput(
  bytes: Uint8Array,
  onRead: (readBytes: number) => void | Promise<void> = () => {},
): StandardInput {
  const read = bytesReader(bytes, 2 ** 16);
  let readBytes = 0;
  return {
    async read(into) {
      await onRead(readBytes);
      const count = await read(into);
      readBytes += count;
      return count;
    },
    close: () => {},
  };
}
