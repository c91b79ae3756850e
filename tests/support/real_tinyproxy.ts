import { startProcess } from "./background_process.ts";
import { makeTempDir } from "./temp_dir.ts";

/** A tinyproxy in a process of its own. */
export interface RealTinyproxy extends AsyncDisposable {
  /** For example `127.0.0.1:40123`. */
  readonly host: string;
}

/** Whom it lets through, and where to. */
export interface RealTinyproxyOptions {
  /** The only user. */
  username: string;
  /** The user's password. */
  password: string;
  /** Proxy that knows the way to each of the hosts, as host and port. */
  upstreams: Readonly<Record<string, string>>;
}

/**
 * Starts `tinyproxy` on 127.0.0.1.
 *
 * @param options Whom it lets through, and where to.
 * @returns The proxy, ready for requests.
 * @see https://tinyproxy.github.io/
 */
export async function startRealTinyproxy(options: RealTinyproxyOptions): Promise<RealTinyproxy> {
  const { username, password, upstreams } = options;
  const dir = await makeTempDir();
  const port = freePort();
  const lines = [
    `Port ${port}`,
    "Listen 127.0.0.1",
    "LogLevel Info",
    `BasicAuth ${username} ${password}`,
    ...Object.entries(upstreams).map(([name, proxy]) => `Upstream http ${proxy} "${name}"`),
  ];
  await Deno.writeTextFile(dir.join("tinyproxy.conf"), `${lines.join("\n")}\n`);
  // What it says goes to stdout.
  const command = ["sh", "-c", 'exec tinyproxy -d -c "$0" >&2', dir.join("tinyproxy.conf")];
  const running = await startProcess(command, /Accepting connections/);
  return {
    host: `127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      await running.stop("SIGKILL");
      await dir[Symbol.asyncDispose]();
    },
  };
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
