/** A SOCKS5 proxy that takes every host for one on this machine. */
export interface SocksProxy extends AsyncDisposable {
  /** For example `127.0.0.1:40123`. */
  readonly host: string;
  /** Host and port of what it was asked for, each with the user and password that came along. */
  readonly requests: readonly string[];
}

/**
 * Starts a SOCKS5 proxy that asks for a user and a password, and takes any.
 *
 * @param target Where every request goes, as host and port.
 * @returns The proxy.
 * @see https://www.rfc-editor.org/rfc/rfc1928
 */
export function startSocksProxy(target: string): SocksProxy {
  const { hostname, port } = new URL(`http://${target}`);
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.Conn>();
  const work = new Set<Promise<unknown>>();
  const requests: string[] = [];

  const serve = async (client: Deno.Conn): Promise<void> => {
    open.add(client);
    const [, methods = 0] = await read(client, 2);
    await read(client, methods);
    await client.write(Uint8Array.of(5, 2));
    const [, nameLength = 0] = await read(client, 2);
    const name = text(await read(client, nameLength));
    const [passwordLength = 0] = await read(client, 1);
    const password = text(await read(client, passwordLength));
    await client.write(Uint8Array.of(1, 0));
    const [, , , type, length = 0] = await read(client, 5);
    // A name, so that the proxy looks it up.
    if (type !== 3) return client.close();
    const wanted = text(await read(client, length));
    const [high = 0, low = 0] = await read(client, 2);
    requests.push(`${wanted}:${high * 256 + low} ${name}:${password}`);
    const upstream = await Deno.connect({ hostname, port: Number(port) });
    open.add(upstream);
    await client.write(Uint8Array.of(5, 0, 0, 1, 127, 0, 0, 1, 0, 0));
    await Promise.allSettled([
      client.readable.pipeTo(upstream.writable),
      upstream.readable.pipeTo(client.writable),
    ]);
  };

  const accepting = (async () => {
    for await (const client of listener) {
      const task = serve(client).catch(() => {}).finally(() => work.delete(task));
      work.add(task);
    }
  })();
  return {
    host: `127.0.0.1:${listener.addr.port}`,
    requests,
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const conn of open) close(conn);
      await Promise.allSettled([accepting, ...work]);
    },
  };
}

async function read(conn: Deno.Conn, sizeBytes: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(sizeBytes);
  for (let at = 0; at < sizeBytes;) {
    const count = await conn.read(bytes.subarray(at));
    if (count === null) throw new Error("the client hung up");
    at += count;
  }
  return bytes;
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function close(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // Closed already, by whoever came first.
  }
}
