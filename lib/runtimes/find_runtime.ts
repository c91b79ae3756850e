import { isPusherError, PusherError } from "../errors.ts";
import type { Clock } from "../util/clock.ts";
import { systemReason } from "../util/system_reason.ts";
import { createCliRuntime } from "./cli_runtime.ts";
import type { CommandRunner } from "./command_runner.ts";
import { type ContainerRuntime, RUNTIME_NAMES, type RuntimeName } from "./container_runtime.ts";

const PROBE_TIMEOUT_MS = 10_000;

/** How to find a runtime. */
export interface FindRuntimeOptions {
  /** The only one to try; all of them, in order, when absent. */
  name?: RuntimeName | undefined;
  /** Starts programs. */
  runner: CommandRunner;
  /** Time, to give up on one that does not answer. */
  clock: Clock;
  /** Ends the search. */
  signal: AbortSignal;
}

/**
 * Finds a container runtime that works: installed, and its daemon answers.
 *
 * @param options Which, and how to ask.
 * @returns The first that works of docker, nerdctl and podman.
 * @throws {PusherError} `RUNTIME_NOT_FOUND`, with what each of them said.
 */
export async function findRuntime(options: FindRuntimeOptions): Promise<ContainerRuntime> {
  const { name, runner, signal } = options;
  const tried: string[] = [];
  for (const candidate of name ? [name] : RUNTIME_NAMES) {
    const runtime = createCliRuntime(candidate, runner);
    const fault = await probe(runtime, options);
    if (fault === undefined) return runtime;
    signal.throwIfAborted();
    tried.push(`${candidate}: ${fault}`);
  }
  throw new PusherError(
    "RUNTIME_NOT_FOUND",
    `Cannot find a container runtime that works: ${tried.join("; ")}`,
    {
      detail: { tried },
      hint: name
        ? `Install and start ${name}, or leave out --runtime to try the others.`
        : "Install docker, nerdctl or podman and start it, or choose one with --runtime.",
    },
  );
}

/** Asks for the version; returns why there was none. */
async function probe(runtime: ContainerRuntime, options: FindRuntimeOptions): Promise<string | undefined> {
  const timeout = new AbortController();
  using _timer = options.clock.timer(PROBE_TIMEOUT_MS, () => timeout.abort());
  try {
    await runtime.version(AbortSignal.any([options.signal, timeout.signal]));
    return undefined;
  } catch (error) {
    if (timeout.signal.aborted) return `no answer within ${PROBE_TIMEOUT_MS / 1000} seconds`;
    if (error instanceof Deno.errors.NotFound) return "not installed";
    if (!isPusherError(error, "RUNTIME_FAILED")) return systemReason(error);
    return error.detail.stderr.split("\n").at(-1) || `exit code ${error.detail.exitCode}`;
  }
}
