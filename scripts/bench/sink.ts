/**
 * A registry that keeps nothing: it reads bodies as fast as it can and answers as if all were stored. It
 * says on standard error which port it listens on.
 *
 * @module
 */

const BUFFER_BYTES = 2 ** 20;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

const ANSWERS: Readonly<Record<string, string>> = {
  GET: "200 OK\r\nDocker-Distribution-Api-Version: registry/2.0",
  HEAD: "404 Not Found",
  POST: "202 Accepted\r\nLocation: /v2/bench/blobs/uploads/1",
  PATCH: "202 Accepted\r\nLocation: /v2/bench/blobs/uploads/1",
  PUT: "201 Created",
  DELETE: "204 No Content",
};

if (import.meta.main) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await Deno.stderr.write(encoder.encode(`port ${listener.addr.port}\n`));
  for await (const connection of listener) serve(connection).catch(() => connection.close());
}

async function serve(connection: Deno.TcpConn): Promise<void> {
  connection.setNoDelay();
  const buffer = new Uint8Array(BUFFER_BYTES);
  let heldBytes = 0;
  while (true) {
    let end = -1;
    while ((end = decoder.decode(buffer.subarray(0, heldBytes)).indexOf("\r\n\r\n")) < 0) {
      const read = await connection.read(buffer.subarray(heldBytes));
      if (read === null) return connection.close();
      heldBytes += read;
    }
    const head = decoder.decode(buffer.subarray(0, end));
    const method = head.slice(0, head.indexOf(" "));
    const bodyBytes = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
    let leftBytes = bodyBytes - (heldBytes - end - 4);
    while (leftBytes > 0) {
      const read = await connection.read(buffer);
      if (read === null) return connection.close();
      leftBytes -= read;
    }
    heldBytes = 0;
    const noBody = method === "DELETE" ? "" : "\r\nContent-Length: 0";
    await connection.write(encoder.encode(`HTTP/1.1 ${ANSWERS[method]}${noBody}\r\n\r\n`));
  }
}
