import { type BackgroundProcess, startProcess } from "./background_process.ts";
import { createCertificateAuthority } from "./certificate.ts";
import { runCommand } from "./run_command.ts";
import { makeTempDir, type TempDir } from "./temp_dir.ts";
import { startTokenServer, type TokenServer } from "./token_server.ts";

/** How the registry is set up. */
export interface RealRegistryOptions {
  /**
   * How it asks for credentials: by itself, or by sending clients to a token server.
   *
   * @default {it does not}
   */
  auth?: {
    type: "htpasswd" | "token";
    users: Record<string, string>;
    tokenLifetimeSeconds?: number;
    /** Whether the token server lets a user do something. */
    allows?: (user: string, action: string) => boolean;
  };
  /** Speaks https with this certificate chain and key, with clients whom these authorities vouch for, all in PEM. */
  tls?: { cert: string; key: string; clientAuthorities?: string };
  /**
   * Where it listens.
   *
   * @default {"127.0.0.1"}
   */
  address?: "127.0.0.1" | "[::1]";
  /**
   * What it signs the state of uploads with; a new one after each start loses all uploads.
   *
   * @default {a new one after each start}
   */
  secret?: string;
}

/** A docker-registry (distribution 2.8) in a process of its own. */
export interface RealRegistry extends AsyncDisposable {
  /** For example `127.0.0.1:40123`. */
  readonly host: string;
  /** For example `http://127.0.0.1:40123`. */
  readonly origin: string;
  /** Its process; another one after a restart. */
  readonly pid: number;
  /** Where it keeps everything. */
  readonly storagePath: string;
  /** Where it sends clients, if it does. */
  readonly tokenServer: TokenServer | undefined;
  /** Ends it and starts it again with the same port and content. */
  restart(signal?: Deno.Signal): Promise<void>;
}

const SERVICE = "real registry";

/**
 * Starts `docker-registry` on this machine, on a free port, with an empty storage.
 *
 * @param options How it is set up.
 * @returns The registry, ready for requests; disposing it ends it and removes what it kept.
 * @see https://distribution.github.io/distribution/about/configuration/
 */
export async function startRealRegistry(options: RealRegistryOptions = {}): Promise<RealRegistry> {
  const dir = await makeTempDir();
  const { auth, tls } = options;
  const tokens = auth?.type === "token" ? await startTokens(auth, dir) : undefined;
  const configure = async (address: string): Promise<string> => {
    const config = {
      version: 0.1,
      log: { level: "info", accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: dir.join("storage") }, delete: { enabled: true } },
      http: {
        addr: address,
        ...(options.secret ? { secret: options.secret } : {}),
        ...(tls ? { tls: await writeTls(tls, dir) } : {}),
      },
      ...(auth?.type === "htpasswd" ? { auth: await htpasswd(auth.users, dir) } : {}),
      ...(tokens ? { auth: tokens.config } : {}),
    };
    // JSON is YAML too.
    await Deno.writeTextFile(dir.join("config.json"), JSON.stringify(config));
    return dir.join("config.json");
  };
  let running = await serve(await configure(`${options.address ?? "127.0.0.1"}:0`));
  const host = running.ready[1]!;
  return {
    host,
    origin: `${tls ? "https" : "http"}://${host}`,
    get pid() {
      return running.pid;
    },
    storagePath: dir.join("storage"),
    tokenServer: tokens?.server,
    async restart(signal = "SIGKILL") {
      await running.stop(signal);
      running = await serve(await configure(host));
    },
    async [Symbol.asyncDispose]() {
      await running.stop("SIGKILL");
      await tokens?.server[Symbol.asyncDispose]();
      await dir[Symbol.asyncDispose]();
    },
  };
}

function serve(configPath: string): Promise<BackgroundProcess> {
  return startProcess(
    ["docker-registry", "serve", configPath],
    /listening on ((?:127\.0\.0\.1|\[::1\]):\d+)/,
  );
}

async function writeTls(
  { cert, key, clientAuthorities }: NonNullable<RealRegistryOptions["tls"]>,
  dir: TempDir,
): Promise<object> {
  await Deno.writeTextFile(dir.join("tls.crt"), cert);
  await Deno.writeTextFile(dir.join("tls.key"), key);
  if (clientAuthorities) await Deno.writeTextFile(dir.join("clients.crt"), clientAuthorities);
  return {
    certificate: dir.join("tls.crt"),
    key: dir.join("tls.key"),
    ...(clientAuthorities ? { clientcas: [dir.join("clients.crt")] } : {}),
  };
}

async function htpasswd(users: Record<string, string>, dir: TempDir): Promise<object> {
  const lines = await Promise.all(
    Object.entries(users).map(([user, password]) => runCommand(["htpasswd", "-Bbn", user, password])),
  );
  await Deno.writeTextFile(dir.join("htpasswd"), lines.join(""));
  return { htpasswd: { realm: SERVICE, path: dir.join("htpasswd") } };
}

async function startTokens(
  { users, tokenLifetimeSeconds = 300, allows }: NonNullable<RealRegistryOptions["auth"]>,
  dir: TempDir,
): Promise<{ server: TokenServer; config: object }> {
  const authority = await createCertificateAuthority();
  const certificate = await authority.issue(["token-server"]);
  const server = startTokenServer({
    users,
    certificate,
    lifetimeSeconds: tokenLifetimeSeconds,
    ...(allows ? { allows } : {}),
  });
  await Deno.writeTextFile(dir.join("roots.crt"), authority.cert);
  const { realm, issuer } = server;
  return {
    server,
    config: { token: { realm, service: SERVICE, issuer, rootcertbundle: dir.join("roots.crt") } },
  };
}
