import { ByteCounter } from "./byte_counter.ts";
import { Pace } from "./pace.ts";
import type { TestRegistry } from "./test_registry.ts";

/** How bad a link is. */
export interface CuttingProxyOptions {
  /**
   * How many bytes of the client's each connection carries before it is cut.
   *
   * @default {any number}
   */
  lifetimeBytes?: () => number;
  /** How fast the client's bytes come through, all connections together. */
  bytesPerSecond: number;
}

/** A link that passes bytes on as they come. */
export interface CuttingProxy extends AsyncDisposable {
  /** For example `127.0.0.1:40123`. */
  readonly host: string;
  /** For example `http://127.0.0.1:40123`. */
  readonly origin: string;
  /** Bytes that clients have sent. */
  readonly received: ByteCounter;
  /** How many connections were cut. */
  readonly cuts: number;
}

/**
 * Starts a link to a registry that knows nothing of HTTP, and cuts connections.
 *
 * @param registry What is behind it.
 * @param options How bad it is.
 * @returns The link.
 */
export function startCuttingProxy(
  registry: Pick<TestRegistry, "host">,
  { lifetimeBytes = () => Infinity, bytesPerSecond }: CuttingProxyOptions,
): CuttingProxy {
  const { hostname, port } = new URL(`http://${registry.host}`);
  const pace = new Pace(bytesPerSecond);
  const received = new ByteCounter();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.Conn>();
  const work = new Set<Promise<unknown>>();
  let cuts = 0;

  const serve = async (client: Deno.Conn): Promise<void> => {
    open.add(client);
    const upstream = await Deno.connect({ hostname, port: Number(port) }).catch(() => undefined);
    if (!upstream) return close(client);
    open.add(upstream);
    let leftBytes = lifetimeBytes();
    const isAlive = async (chunk: Uint8Array): Promise<boolean> => {
      received.add(chunk.length);
      await pace.pass(chunk.length);
      leftBytes -= chunk.length;
      if (leftBytes > 0) return true;
      cuts++;
      return false;
    };
    await Promise.all([
      pass(client, upstream, isAlive),
      pass(upstream, client, () => Promise.resolve(true)),
    ]);
    for (const conn of [client, upstream]) open.delete(conn);
  };
  const accepting = (async () => {
    for await (const client of listener) {
      const task = serve(client).finally(() => work.delete(task));
      work.add(task);
    }
  })();

  const host = `127.0.0.1:${listener.addr.port}`;
  return {
    host,
    origin: `http://${host}`,
    received,
    get cuts() {
      return cuts;
    },
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const conn of open) close(conn);
      await Promise.all([accepting, ...work]);
    },
  };
}

/** Passes bytes on until one side ends or `isAlive` says no; then both connections are closed. */
async function pass(
  from: Deno.Conn,
  to: Deno.Conn,
  isAlive: (chunk: Uint8Array) => Promise<boolean>,
): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  try {
    for (let count = await from.read(buffer); count !== null; count = await from.read(buffer)) {
      const chunk = buffer.subarray(0, count);
      if (!(await isAlive(chunk))) break;
      for (let at = 0; at < count;) at += await to.write(chunk.subarray(at));
    }
  } catch {
    // The other side is gone.
  } finally {
    close(from);
    close(to);
  }
}

function close(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // Closed already, by whoever came first.
  }
}
