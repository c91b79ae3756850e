/**
 * What nothing can be faster than on this machine, each in one thread: `hash PATH` reads and hashes a file, and
 * `send PATH PORT` hashes it and sends it through a bare socket.
 *
 * @module
 */

import { createSha256 } from "../../lib/util/sha256.ts";

const BUFFER_BYTES = 2 ** 20;

if (import.meta.main) {
  const [mode, path = "", port] = Deno.args;
  if (mode === "hash") await hashOnly(path);
  else await hashAndSend(path, Number(port));
}

async function hashOnly(path: string): Promise<void> {
  const hash = await createSha256();
  await forEachChunk(path, (chunk) => hash.update(chunk));
  hash.hex();
}

async function hashAndSend(path: string, port: number): Promise<void> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const hash = await createSha256();
  const { size } = await Deno.stat(path);
  const head = `PUT / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ${size}\r\n\r\n`;
  await writeAll(connection, new TextEncoder().encode(head));
  await forEachChunk(path, async (chunk) => {
    hash.update(chunk);
    await writeAll(connection, chunk);
  });
  hash.hex();
  await connection.read(new Uint8Array(1024));
}

/** Reads the next chunk while one is in use. */
async function forEachChunk(path: string, use: (chunk: Uint8Array) => void | Promise<void>): Promise<void> {
  using file = await Deno.open(path);
  const buffers = [new Uint8Array(BUFFER_BYTES), new Uint8Array(BUFFER_BYTES)] as const;
  let ahead = file.read(buffers[0]);
  for (let turn = 0;; turn++) {
    const read = await ahead;
    if (read === null) return;
    ahead = file.read(buffers[turn % 2 === 0 ? 1 : 0]);
    await use(buffers[turn % 2 === 0 ? 0 : 1].subarray(0, read));
  }
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await connection.write(bytes.subarray(written));
}
