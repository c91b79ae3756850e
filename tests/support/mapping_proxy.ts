import { SocketReader } from "./registry/socket_reader.ts";

/** A proxy that takes every host for a docker-registry on this machine. */
export interface MappingProxy extends AsyncDisposable {
  /** For example `127.0.0.1:40123`. */
  readonly host: string;
  /** First lines of what it was asked, each with the credentials that came along. */
  readonly requests: readonly string[];
}

/**
 * Starts an HTTP proxy, so that a registry on this machine can be reached by a name that nobody can look up.
 *
 * @param target Where every request goes, as host and port.
 * @param refuse Gives an answer instead, for example `HTTP/1.1 407 …`.
 * @returns The proxy.
 */
export function startMappingProxy(
  target: string,
  refuse: (head: string) => string | undefined = () => undefined,
): MappingProxy {
  const { hostname, port } = new URL(`http://${target}`);
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.Conn>();
  const work = new Set<Promise<unknown>>();
  const requests: string[] = [];

  const serve = async (client: Deno.Conn): Promise<void> => {
    open.add(client);
    const reader = new SocketReader(client);
    const head = await reader.readHead().catch(() => undefined);
    if (head === undefined) return close(client);
    const credentials = /^proxy-authorization: *(.*)$/im.exec(head)?.[1];
    requests.push([head.split("\r\n")[0], credentials].filter((part) => part).join(" "));
    const refusal = refuse(head);
    if (refusal !== undefined) {
      await client.write(encode(`${refusal}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`)).catch(
        () => {},
      );
      return close(client);
    }
    const upstream = await Deno.connect({ hostname, port: Number(port) });
    open.add(upstream);
    if (head.startsWith("CONNECT ")) await client.write(encode("HTTP/1.1 200 OK\r\n\r\n"));
    // Servers in Go take a whole URL as well as a path.
    else await upstream.write(encode(`${head}\r\n\r\n`));
    const up = async (): Promise<void> => {
      for (;;) await writeAll(upstream, await reader.readSome(2 ** 16));
    };
    const down = upstream.readable.pipeTo(client.writable);
    // Whichever side ends first, the other has nothing more to say.
    const sides = [up(), down];
    await Promise.race(sides).catch(() => {});
    close(client);
    close(upstream);
    await Promise.allSettled(sides);
  };

  const accepting = (async () => {
    for await (const client of listener) {
      const task = serve(client).finally(() => work.delete(task));
      work.add(task);
    }
  })();
  return {
    host: `127.0.0.1:${(listener.addr as Deno.NetAddr).port}`,
    requests,
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const conn of open) close(conn);
      await Promise.allSettled([accepting, ...work]);
    },
  };
}

async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function close(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // Closed already, by whoever came first.
  }
}
