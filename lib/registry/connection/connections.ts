import { PusherError } from "../../errors.ts";
import type { Environment } from "../../util/environment.ts";
import { printable } from "../../util/printable.ts";
import type { HostSettings } from "./host_settings.ts";
import { machineCertificates } from "./machine_certificates.ts";
import { hasOwnCertificate } from "./own_certificate.ts";
import { PROXY_VARIABLES, proxyFor } from "./proxy_settings.ts";
import { startTlsRelay, type TlsRelay } from "./tls_relay.ts";

/** What {@linkcode Connections} work with. */
export interface ConnectionsOptions {
  /**
   * Says how to connect to a host.
   *
   * @param host Host, with port if any, as a URL has it.
   */
  settingsOf(host: string): HostSettings | Promise<HostSettings>;
  /** Environment variables that name proxies. */
  env: Environment;
}

/** The way to a host. */
export interface Connection {
  /** Sends requests there. */
  client: Deno.HttpClient;
  /** How it was set up. */
  settings: HostSettings;
  /** The proxy in between as it may be shown: host and port. */
  proxy: string | undefined;
  /** Why the last connection failed, where the client cannot know. */
  failure(): Error | undefined;
}

/** Connections to a registry, and to what it points at: each with its certificates and by its proxy. */
export class Connections implements Disposable {
  #options: ConnectionsOptions;
  #byOrigin = new Map<string, Promise<Connection>>();
  #open = new DisposableStack();
  #machineCerts: Promise<string[]> | undefined;

  /** @param options Certificates and proxies. */
  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  /**
   * The way to a URL's host, set up with the first request.
   *
   * @param url Where a request goes.
   * @returns The connection.
   * @throws {PusherError} `CONFIG_INVALID` or `USAGE` if certificates or proxies are not right.
   */
  to(url: URL): Promise<Connection> {
    const known = this.#byOrigin.get(url.origin);
    if (known) return known;
    const connection = this.#connect(url);
    this.#byOrigin.set(url.origin, connection);
    connection.catch(() => this.#byOrigin.delete(url.origin));
    return connection;
  }

  /** Closes all. */
  [Symbol.dispose](): void {
    this.#open.dispose();
  }

  async #connect(url: URL): Promise<Connection> {
    const { env, settingsOf } = this.#options;
    const settings = await settingsOf(url.host);
    const proxy = proxyFor(url, env);
    const connection = { settings, proxy: proxy?.host, failure: (): Error | undefined => undefined };
    if (url.protocol === "http:") {
      // Some proxies close a connection after each answer and do not say so.
      const pool = proxy ? { poolMaxIdlePerHost: 0 } : {};
      return { ...connection, client: this.#use(createClient({ proxy, ...pool }, env)) };
    }
    const { caCerts = [], clientCertificate, insecureSkipTlsVerify } = settings;
    // Fetch checks every certificate, and takes none that is its own authority.
    if (insecureSkipTlsVerify || await hasOwnCertificate(url.hostname, caCerts)) {
      if (proxy?.protocol.startsWith("socks")) throw throughSocks(url, proxy);
      const relay = this.#open.use(await startTlsRelay(url, { settings, proxy }));
      return { ...connection, client: this.#use(createClient({ relay }, env)), failure: () => relay.failure };
    }
    this.#machineCerts ??= machineCertificates();
    const trusted = [...await this.#machineCerts, ...caCerts];
    const client = createClient({ proxy, caCerts: trusted, ...clientCertificate }, env);
    return { ...connection, client: this.#use(client) };
  }

  #use(client: Deno.HttpClient): Deno.HttpClient {
    return this.#open.adopt(client, (each) => each.close());
  }
}

interface ClientOptions {
  proxy?: URL | undefined;
  relay?: TlsRelay;
  poolMaxIdlePerHost?: number;
  caCerts?: string[];
  cert?: string;
  key?: string;
}

function createClient({ proxy, relay, ...rest }: ClientOptions, env: Environment): Deno.HttpClient {
  const transport = relay?.transport ?? (proxy && { url: proxy.href });
  // HTTP/1.1 on purpose: one connection a blob gives plain back-pressure, and a broken stream breaks only itself.
  const options = { http2: false, http1: true, ...(transport ? { proxy: transport } : {}), ...rest };
  return withoutVariables(env, () => Deno.createHttpClient(options as Deno.CreateHttpClientOptions));
}

/** Deno would take proxies from the environment by rules of its own: no `*`, no ports, and this machine not exempt. */
function withoutVariables<T>(env: Environment, create: () => T): T {
  const hidden = new Map<string, string>();
  for (const name of PROXY_VARIABLES.flatMap((name) => [name, name.toUpperCase()])) {
    const value = env(name) && Deno.env.get(name);
    if (value) hidden.set(name, value);
  }
  for (const name of hidden.keys()) Deno.env.delete(name);
  try {
    return create();
  } finally {
    for (const [name, value] of hidden) Deno.env.set(name, value);
  }
}

function throughSocks({ host }: URL, proxy: URL): PusherError {
  const cannot = `Cannot reach "${printable(host)}" by the SOCKS proxy ${proxy.host}`;
  return new PusherError("USAGE", `${cannot}: no authority is to check its certificate`, {
    detail: { option: "--insecure-skip-tls-verify" },
    hint: `Add ${host} to NO_PROXY, or give the certificate of its authority with --ca-file.`,
  });
}
