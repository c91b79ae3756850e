import { ProcessOutput } from "./process_output.ts";
import { makeTempDir, type TempDir } from "./temp_dir.ts";

/** A process that has not ended by then is killed: a hanging test says nothing. */
const MAX_RUN_MS = 120_000;

const MAIN = new URL("../../main.ts", import.meta.url);

/**
 * Another program to run instead of the sources, with its first arguments: a build of them, as a JSON array. It has no
 * packages but its own, and permissions of its own.
 */
const BUILD: readonly string[] | undefined = JSON.parse(
  Deno.env.get("DOCKER_IMAGE_PUSHER_TEST_PROGRAM") ?? "null",
) ?? undefined;

/** How to run the command. */
export interface CliOptions {
  /** Variables on top of the clean environment; `undefined` takes one away. */
  env?: Record<string, string | undefined>;
  /**
   * What to give it on stdin. A terminal has no end: type what ends the program instead.
   *
   * @default {nothing}
   */
  stdin?: string | Uint8Array | ReadableStream<Uint8Array>;
  /**
   * Where it runs.
   *
   * @default {an empty directory}
   */
  cwd?: string;
  /**
   * What Deno lets it do.
   *
   * @default {everything}
   */
  permissions?: readonly string[];
  /** Its home directory, to share one between runs; made and removed with the run otherwise. */
  home?: TempDir;
}

/** What came of a run. */
export interface CliResult {
  /** Exit code; 128 + its number after a signal that was not handled. */
  code: number;
  /** Everything on stdout; on a terminal everything that was shown. */
  stdout: string;
  /** Everything on stderr; empty on a terminal. */
  stderr: string;
}

/** A run on its way. */
export interface CliProcess extends AsyncDisposable {
  /** What came on stdout so far; on a terminal what was shown so far. */
  readonly stdout: ProcessOutput;
  /** What came on stderr so far. */
  readonly stderr: ProcessOutput;
  /** Process ID. */
  readonly pid: number;
  /** Sends a signal, for example `SIGINT`. */
  kill(signal: Deno.Signal): void;
  /** Types something; on a terminal only. */
  type(text: string): Promise<void>;
  /** Ends with the process. */
  readonly result: Promise<CliResult>;
}

/**
 * Runs the command to its end.
 *
 * @param args Its arguments.
 * @param options How.
 * @returns Exit code and output.
 */
export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  await using process = await startCli(args, options);
  return await process.result;
}

/**
 * Starts the command, in an environment that holds nothing of the user's.
 *
 * @param args Its arguments.
 * @param options How.
 * @returns The process; disposing it kills it if it still runs.
 */
export function startCli(args: readonly string[], options: CliOptions = {}): Promise<CliProcess> {
  return start([...programOf(options), ...args], options, "pipes");
}

/**
 * Starts the command on a terminal of 80 columns and 24 rows, made by `script` of util-linux.
 *
 * @param args Its arguments.
 * @param options How.
 * @returns The process; disposing it kills it if it still runs.
 */
export function startCliOnTerminal(args: readonly string[], options: CliOptions = {}): Promise<CliProcess> {
  const command = [...programOf(options), ...args].map(quote).join(" ");
  const onTerminal = `stty cols 80 rows 24; exec ${command}`;
  return start(["script", "--quiet", "--return", "--command", onTerminal, "/dev/null"], options, "terminal");
}

function programOf({ permissions = ["-A"] }: CliOptions): readonly string[] {
  return BUILD ?? [Deno.execPath(), "run", "--quiet", ...permissions, MAIN.href];
}

async function start(
  [command = "", ...args]: readonly string[],
  { env = {}, stdin, cwd, home }: CliOptions,
  kind: "pipes" | "terminal",
): Promise<CliProcess> {
  const dir = home ?? await makeTempDir();
  const child = new Deno.Command(command, {
    args,
    cwd: cwd ?? dir.path,
    clearEnv: true,
    env: definedOnly({ ...await cleanEnvironment(dir.path), ...env }),
    stdin: kind === "terminal" || stdin !== undefined ? "piped" : "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stdout = new ProcessOutput(child.stdout);
  const stderr = new ProcessOutput(child.stderr);
  const writer = kind === "terminal" ? child.stdin.getWriter() : undefined;
  const feeding = !writer && stdin !== undefined ? feed(child.stdin, stdin) : undefined;
  const watchdog = setTimeout(() => kill("SIGKILL"), MAX_RUN_MS);
  const kill = (signal: Deno.Signal): void => {
    try {
      child.kill(signal);
    } catch {
      // Ended already.
    }
  };
  const finish = async (): Promise<CliResult> => {
    const { code } = await child.status;
    clearTimeout(watchdog);
    await Promise.all([stdout.ended, stderr.ended, feeding, writer?.close().catch(() => {})]);
    return { code, stdout: stdout.text, stderr: stderr.text };
  };
  const result = finish();
  return {
    stdout,
    stderr,
    pid: child.pid,
    kill,
    async type(text) {
      if (!writer) throw new TypeError("Cannot type: the command does not run on a terminal");
      await writer.write(new TextEncoder().encode(text));
    },
    result,
    async [Symbol.asyncDispose]() {
      kill("SIGKILL");
      await result;
      if (!home) await dir[Symbol.asyncDispose]();
    },
  };
}

/**
 * An environment that holds nothing of the user's, but what Deno needs to find its packages.
 *
 * @param home The home directory.
 * @returns Variables; `undefined` where one is not set here either.
 */
export async function cleanEnvironment(home: string): Promise<Record<string, string | undefined>> {
  // Deno keeps packages by the registry they came from, and must still find that; no setting of ours is among these.
  const npmrc = `${Deno.env.get("HOME") ?? Deno.env.get("USERPROFILE")}/.npmrc`;
  await Deno.symlink(npmrc, `${home}/.npmrc`).catch(() => {});
  const kept = ["PATH", "TMPDIR", "TEMP", "SystemRoot", "NPM_CONFIG_REGISTRY", "DENO_TLS_CA_STORE"];
  kept.push("DENO_CERT", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE");
  return {
    ...Object.fromEntries(kept.map((name) => [name, Deno.env.get(name)])),
    DENO_DIR: BUILD ? `${home}/empty` : await denoDir(),
    DENO_NO_UPDATE_CHECK: "1",
    HOME: home,
    USERPROFILE: home,
    DOCKER_IMAGE_PUSHER_STATE_DIR: `${home}/state`,
    LANG: "C.UTF-8",
    TERM: "xterm-256color",
  };
}

async function denoDir(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  return JSON.parse(new TextDecoder().decode(stdout)).denoDir;
}

async function feed(
  stdin: WritableStream<Uint8Array>,
  content: string | Uint8Array | ReadableStream<Uint8Array>,
): Promise<void> {
  const stream = content instanceof ReadableStream ? content : new Blob([content as BlobPart]).stream();
  // The program need not read to the end.
  await stream.pipeTo(stdin).catch(() => {});
}

function definedOnly(env: Record<string, string | undefined>): Record<string, string> {
  const entries = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(entries);
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
