/**
 * A registry that takes everything at full speed and keeps nothing, in a process of its own. It says on standard output
 * which port it listens on. With the paths of a certificate and its key it speaks TLS.
 *
 * @module
 */

const BUFFER_BYTES = 2 ** 20;
const MAX_HEAD_BYTES = 64 * 2 ** 10;

const ANSWERS: Readonly<Record<string, string>> = {
  GET: "200 OK\r\nDocker-Distribution-Api-Version: registry/2.0\r\nContent-Length: 0",
  HEAD: "404 Not Found\r\nContent-Length: 0",
  POST: "202 Accepted\r\nLocation: /v2/sink/blobs/uploads/1\r\nContent-Length: 0",
  PATCH: "202 Accepted\r\nLocation: /v2/sink/blobs/uploads/1\r\nContent-Length: 0",
  PUT: "201 Created\r\nContent-Length: 0",
};

if (import.meta.main) {
  const [certPath, keyPath] = Deno.args;
  const address = { hostname: "127.0.0.1", port: 0 };
  const listener = certPath && keyPath
    ? Deno.listenTls({
      ...address,
      cert: Deno.readTextFileSync(certPath),
      key: Deno.readTextFileSync(keyPath),
    })
    : Deno.listen(address);
  await Deno.stdout.write(new TextEncoder().encode(`${listener.addr.port}\n`));
  // A client that goes away in the middle is none of the sink's business.
  for await (const connection of listener) serve(connection).catch(() => {});
}

/** One request after the other; a client waits for its answer before it sends the next. */
async function serve(connection: Deno.Conn): Promise<void> {
  using _ = connection;
  const buffer = new Uint8Array(BUFFER_BYTES);
  let filled = 0;
  while (true) {
    const read = await connection.read(buffer.subarray(filled));
    // None, or no room: whoever sends that much without an end of the head speaks no HTTP.
    if (!read) return;
    filled += read;
    const head = headOf(buffer.subarray(0, filled));
    if (head === undefined) continue;
    const bodyBytes = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
    await discard(connection, head.length + bodyBytes - filled, buffer);
    const [method = ""] = head.split(" ");
    await connection.write(new TextEncoder().encode(`HTTP/1.1 ${ANSWERS[method]}\r\n\r\n`));
    filled = 0;
  }
}

function headOf(bytes: Uint8Array): string | undefined {
  const text = new TextDecoder("latin1").decode(bytes.subarray(0, MAX_HEAD_BYTES));
  const end = text.indexOf("\r\n\r\n");
  return end < 0 ? undefined : text.slice(0, end + 4);
}

async function discard(connection: Deno.Conn, sizeBytes: number, buffer: Uint8Array): Promise<void> {
  for (let leftBytes = sizeBytes; leftBytes > 0;) {
    const read = await connection.read(buffer.subarray(0, leftBytes));
    if (read === null) throw new Deno.errors.ConnectionReset("the body ended early");
    leftBytes -= read;
  }
}
