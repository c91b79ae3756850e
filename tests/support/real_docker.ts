import { startProcess } from "./background_process.ts";
import { type CommandOptions, runCommand } from "./run_command.ts";
import { makeTempDir } from "./temp_dir.ts";

/** A docker daemon of its own, without network and containers. */
export interface RealDocker extends AsyncDisposable {
  /** What makes a docker client talk to it: `DOCKER_HOST`, and a `DOCKER_CONFIG` that holds nothing. */
  readonly env: { DOCKER_HOST: string; DOCKER_CONFIG: string };
  /** Runs the docker client, for example `["save", "-o", path, name]`, and gives its stdout. */
  run(args: readonly string[], options?: CommandOptions): Promise<string>;
  /** Builds an image from a Dockerfile that needs no containers: `FROM scratch`, `COPY`, `ENV` and the like. */
  build(name: string, contextPath: string): Promise<void>;
}

/**
 * Starts `dockerd`; it must be root.
 *
 * @returns The daemon, ready for requests; disposing it ends it and removes what it kept.
 */
export async function startRealDocker(): Promise<RealDocker> {
  const dir = await makeTempDir();
  const socket = `unix://${dir.join("docker.sock")}`;
  await using stack = new AsyncDisposableStack();
  stack.use(dir);
  const daemon = await startProcess([
    "dockerd",
    "--iptables=false",
    "--ip6tables=false",
    "--bridge=none",
    "--storage-driver=vfs",
    `--data-root=${dir.join("data")}`,
    `--exec-root=${dir.join("exec")}`,
    `--host=${socket}`,
    `--pidfile=${dir.join("docker.pid")}`,
  ], /API listen on /);
  stack.defer(() => daemon.stop("SIGTERM"));
  const env = { DOCKER_HOST: socket, DOCKER_CONFIG: dir.join("config") };
  const run: RealDocker["run"] = (args, options = {}) =>
    runCommand(["docker", ...args], { ...options, env: { ...env, ...options.env } });
  const resources = stack.move();
  return {
    env,
    run,
    async build(name, contextPath) {
      await run(["build", "--quiet", "--tag", name, contextPath], { env: { DOCKER_BUILDKIT: "0" } });
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
