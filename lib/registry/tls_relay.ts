import type { HostSettings } from "./host_settings.ts";

/** A way around the TLS of Deno's fetch, to one host. */
export interface TlsRelay extends Disposable {
  /** Where fetch sends its requests, in the clear. */
  readonly proxy: Deno.Proxy;
  /** Why the last connection failed. */
  readonly failure: Error | undefined;
}

/**
 * Starts a relay in this process: fetch speaks HTTP to it over a socket that only this user can open, and it speaks
 * TLS to the host. Fetch checks every certificate unless all of Deno is started to check none; here one host may have
 * a certificate that is not checked, or that is its own authority.
 *
 * @param url Any URL of the host.
 * @param settings Which certificates to take, and which to show.
 * @returns The relay.
 */
export async function startTlsRelay(url: URL, settings: HostSettings): Promise<TlsRelay> {
  const { createServer } = await import("node:net");
  const { connect } = await import("node:tls");
  const { caCerts = [], clientCertificate, insecureSkipTlsVerify = false } = settings;
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const resources = new DisposableStack();
  const sockets = new Set<{ destroy(): void }>();
  let failure: Error | undefined;
  const server = createServer((inner) => {
    const outer = connect({
      host,
      port: Number(url.port || 443),
      rejectUnauthorized: !insecureSkipTlsVerify,
      ALPNProtocols: ["http/1.1"],
      ...(caCerts.length > 0 ? { ca: [...caCerts] } : {}),
      ...clientCertificate,
    });
    outer.once("secureConnect", () => void (failure = undefined));
    outer.on("error", (error: Error) => {
      failure = error;
      inner.destroy();
    });
    inner.on("error", () => outer.destroy());
    inner.once("close", () => {
      sockets.delete(inner);
      outer.destroy();
    });
    outer.once("close", () => inner.destroy());
    inner.pipe(outer).pipe(inner);
    sockets.add(inner);
  });
  const isWindows = Deno.build.os === "windows";
  const path = isWindows ? undefined : `${await Deno.makeTempDir({ prefix: "docker-image-pusher-" })}/relay`;
  if (path) resources.defer(() => Deno.removeSync(path.replace(/\/relay$/, ""), { recursive: true }));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path ? { path } : { host: "127.0.0.1", port: 0 }, resolve);
  });
  resources.defer(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return {
    proxy: path ? { transport: "unix", path } : tcp(server.address()),
    get failure() {
      return failure;
    },
    [Symbol.dispose]: () => resources.dispose(),
  };
}

function tcp(address: unknown): Deno.Proxy {
  const { port } = address as { port: number };
  return { transport: "tcp", hostname: "127.0.0.1", port };
}
