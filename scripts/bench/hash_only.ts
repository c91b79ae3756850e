/**
 * Reads a file and hashes it, in one thread: what no upload that verifies its bytes in one thread can be faster than.
 *
 * @module
 */

import { createHash } from "node:crypto";

const BUFFER_BYTES = 2 ** 18;

if (import.meta.main) {
  using file = await Deno.open(Deno.args[0]!);
  const hash = createHash("sha256");
  const buffers = [new Uint8Array(BUFFER_BYTES), new Uint8Array(BUFFER_BYTES)] as const;
  let turn = 0;
  let ahead = file.read(buffers[0]);
  for (let read; (read = await ahead) !== null;) {
    const chunk = buffers[turn % 2]!.subarray(0, read);
    ahead = file.read(buffers[++turn % 2]!);
    hash.update(chunk);
  }
  hash.digest("hex");
}
