import type { Socket } from "node:net";
import type { HostSettings } from "./host_settings.ts";
import { parseAddress } from "./ip_address.ts";
import { openTunnel } from "./proxy_tunnel.ts";

/** A way around the TLS of Deno's fetch, to one host. */
export interface TlsRelay extends Disposable {
  /** Where fetch sends its requests, in the clear. */
  readonly transport: Deno.Proxy;
  /** Why the last connection failed. */
  readonly failure: Error | undefined;
}

/** What the connections of a relay are like. */
export interface TlsRelayOptions {
  /** Which certificates to take, and which to show. */
  settings: HostSettings;
  /** Goes in between. */
  proxy?: URL | undefined;
}

/**
 * Starts a relay in this process: fetch speaks HTTP to it over a socket that only this user can open, and it speaks
 * TLS to the host. Fetch checks every certificate unless all of Deno is started to check none; here one host may have
 * a certificate that is not checked, or that is its own authority. On Windows, which has no such sockets, the relay
 * has a port of this machine.
 *
 * @param url Any URL of the host.
 * @param options What its connections are like.
 * @returns The relay.
 */
export async function startTlsRelay(url: URL, options: TlsRelayOptions): Promise<TlsRelay> {
  const { createServer } = await import("node:net");
  using resources = new DisposableStack();
  const sockets = new Set<Socket>();
  let failure: Error | undefined;
  const serve = async (inner: Socket): Promise<void> => {
    sockets.add(inner);
    inner.once("close", () => sockets.delete(inner));
    try {
      const outer = await connectTls(url, options);
      outer.once("secureConnect", () => void (failure = undefined));
      outer.on("error", (error: Error) => {
        failure = error;
        inner.destroy();
      });
      outer.once("close", () => inner.destroy());
      inner.once("close", () => outer.destroy());
      inner.pipe(outer).pipe(inner);
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
      inner.destroy();
    }
  };
  const server = createServer((inner) => {
    // Fetch says what is wrong with its side.
    inner.on("error", () => inner.destroy());
    void serve(inner);
  });
  const directory = Deno.build.os === "windows"
    ? undefined
    : await Deno.makeTempDir({ prefix: "docker-image-pusher-relay-" });
  if (directory) resources.defer(() => Deno.removeSync(directory, { recursive: true }));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(directory ? { path: `${directory}/relay` } : { host: "127.0.0.1", port: 0 }, resolve);
  });
  resources.defer(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const open = resources.move();
  return {
    transport: directory ? { transport: "unix", path: `${directory}/relay` } : tcp(server.address()),
    get failure() {
      return failure;
    },
    [Symbol.dispose]: () => open.dispose(),
  };
}

async function connectTls(url: URL, { settings, proxy }: TlsRelayOptions): Promise<Socket> {
  const { connect } = await import("node:tls");
  const { caCerts = [], clientCertificate, insecureSkipTlsVerify = false } = settings;
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const port = Number(url.port || 443);
  return connect({
    host,
    port,
    rejectUnauthorized: !insecureSkipTlsVerify,
    ALPNProtocols: ["http/1.1"],
    ...(parseAddress(host) ? {} : { servername: host }),
    ...(proxy ? { socket: await openTunnel(proxy, `${url.hostname}:${port}`) } : {}),
    ...(caCerts.length > 0 ? { ca: [...caCerts] } : {}),
    ...clientCertificate,
  });
}

function tcp(address: unknown): Deno.Proxy {
  const { port } = address as { port: number };
  return { transport: "tcp", hostname: "127.0.0.1", port };
}
