/**
 * Sends a file over a socket in one PUT, hashing it on the way: an upload with nothing around it.
 *
 * @module
 */

import { createHash } from "node:crypto";

const BUFFER_BYTES = 2 ** 18;

if (import.meta.main) {
  const [path, port] = Deno.args as [string, string];
  using file = await Deno.open(path);
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
  const { size } = await file.stat();
  const head = `PUT /v2/bench/blobs/uploads/1 HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: ${size}\r\n\r\n`;
  await connection.write(new TextEncoder().encode(head));
  const hash = createHash("sha256");
  const buffer = new Uint8Array(BUFFER_BYTES);
  for (let read; (read = await file.read(buffer)) !== null;) {
    const chunk = buffer.subarray(0, read);
    hash.update(chunk);
    for (let sent = 0; sent < read;) sent += await connection.write(chunk.subarray(sent));
  }
  hash.digest("hex");
  await connection.read(buffer);
}
