import { printable } from "../util/printable.ts";

const MAX_TAIL_BYTES = 4096;

/**
 * Reads standard error to its end and keeps the last 4 KiB: progress comes first, the reason of a failure last.
 *
 * @param stderr Standard error of a program.
 * @param signal Stops reading early, keeping what came so far.
 * @returns Printable lines.
 */
export async function readStderrTail(
  stderr: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): Promise<string> {
  const reader = stderr.getReader();
  signal.addEventListener("abort", () => void reader.cancel(), { once: true });
  let tail = new Uint8Array();
  while (true) {
    const { value, done } = await reader.read();
    if (done) break;
    const joined = new Uint8Array(tail.length + value.length);
    joined.set(tail);
    joined.set(value, tail.length);
    tail = joined.slice(-MAX_TAIL_BYTES);
  }
  const lines = new TextDecoder().decode(tail).split(/[\r\n]+/);
  return lines.map((line) => printable(line.trim())).filter((line) => line !== "").join("\n");
}
