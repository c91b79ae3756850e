import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { streamRange } from "../../lib/util/range_stream.ts";
import { Connections } from "../../lib/registry/connection/connections.ts";
import { createHttpExchange } from "../../lib/registry/connection/http_exchange.ts";
import { BufferRing } from "../../lib/util/buffer_ring.ts";
import { systemClock } from "../../lib/util/clock.ts";
import type { StreamBody } from "../../lib/util/stream_body.ts";

const CHUNK_BYTES = 256 * 2 ** 10;
const PARTS = 40;

/** Bytes that say which part and which position they belong to. */
function fillPattern(into: Uint8Array, part: number, offsetBytes: number): void {
  const words = new Uint32Array(into.buffer, into.byteOffset, into.length / 4);
  const start = offsetBytes / 4;
  for (let index = 0; index < words.length; index++) words[index] = (start + index) ^ (part << 24);
}

function patternDigest(part: number, sizeBytes: number): string {
  const bytes = new Uint8Array(sizeBytes);
  fillPattern(bytes, part, 0);
  return createHash("sha256").update(bytes).digest("hex");
}

function patternBody(part: number, sizeBytes: number, buffers: BufferRing): StreamBody {
  return {
    sizeBytes,
    open: (tap) => {
      let offsetBytes = 0;
      const read = (into: Uint8Array): Promise<void> => {
        fillPattern(into, part, offsetBytes);
        offsetBytes += into.length;
        return Promise.resolve();
      };
      return streamRange(sizeBytes, { read, close: () => {}, buffers, tap });
    },
  };
}

/** A server that reads nothing of a body until it is let go, and answers with the digest of what it got. */
function startReluctantServer(): { port: number; letGo: () => void; close: () => Promise<void> } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { promise: gate, resolve: letGo } = Promise.withResolvers<void>();
  const serve = async (connection: Deno.Conn): Promise<void> => {
    using _ = connection;
    const buffer = new Uint8Array(65536);
    let head = "";
    while (!head.includes("\r\n\r\n")) {
      const read = await connection.read(buffer.subarray(0, 1));
      if (read === null) return;
      head += String.fromCharCode(buffer[0]!);
    }
    await gate;
    const hash = createHash("sha256");
    let leftBytes = Number(/content-length: (\d+)/i.exec(head)?.[1]);
    while (leftBytes > 0) {
      const read = await connection.read(buffer.subarray(0, Math.min(leftBytes, buffer.length)));
      if (read === null) return;
      hash.update(buffer.subarray(0, read));
      leftBytes -= read;
    }
    const digest = hash.digest("hex");
    const answer =
      `HTTP/1.1 200 OK\r\ncontent-length: ${digest.length}\r\nconnection: close\r\n\r\n${digest}`;
    await connection.write(new TextEncoder().encode(answer));
  };
  const serving = (async () => {
    const connections: Promise<void>[] = [];
    for await (const connection of listener) connections.push(serve(connection));
    await Promise.all(connections);
  })();
  return {
    port: listener.addr.port,
    letGo,
    close: async () => {
      listener.close();
      await serving;
    },
  };
}

Deno.test("streamRange() never refills a buffer that fetch has still to send", async () => {
  const server = startReluctantServer();
  const connections = new Connections({ settingsOf: () => ({}), env: () => undefined });
  const exchange = createHttpExchange({ connections, clock: systemClock });
  const url = new URL(`http://127.0.0.1:${server.port}/`);
  const { signal } = new AbortController();
  const send = async (part: number, sizeBytes: number): Promise<string> => {
    const body = patternBody(part, sizeBytes, new BufferRing());
    const response = await exchange({ method: "PATCH", url, body, scopes: [], signal });
    return await response.text();
  };
  // Sizes that fill the network's buffers to different degrees: some end just where sending has come to a halt.
  const sizes = Array.from({ length: PARTS }, (_, part) => (part + 1) * CHUNK_BYTES);
  const stuck = sizes.map((sizeBytes, part) => send(part, sizeBytes));
  server.letGo();
  assert.deepEqual(await Promise.all(stuck), sizes.map((sizeBytes, part) => patternDigest(part, sizeBytes)));
  await server.close();
  connections[Symbol.dispose]();
});
