import type { CommandRunner } from "../runtimes/command_runner.ts";
import { createDenoCommandRunner } from "../runtimes/deno_command_runner.ts";
import { findRuntime } from "../runtimes/find_runtime.ts";
import type { CommandContext } from "./command_context.ts";
import { findPushState } from "./push/push_state.ts";

/** What values are known of. */
export type KnownValues = "images" | "registries" | "targets";

/** What no shell takes for more than a word. */
const PLAIN_REGEXP = /^\w[\w.:/@+-]*$/;

/** Somebody waits with a finger on the tab key. */
const MAX_WAIT_MS = 1_500;

/** Where to look. */
export interface KnownValuesOptions {
  /** Which values. */
  source: KnownValues;
  /** Where logins and history are; see `resolveStateDirectory`. */
  stateDir?: string | undefined;
  /**
   * Starts the runtime's program.
   *
   * @default {with Deno.Command}
   */
  runner?: CommandRunner | undefined;
}

/**
 * Lists what could stand on a command line: images of the local runtime, registries that there are logins for or that
 * were pushed to, or targets of the past.
 *
 * @param options Which.
 * @param context Time and environment.
 * @returns Each once, the most recent first; without what a shell would take for more than a word.
 * @throws {PusherError} If it cannot be found out.
 */
export async function knownValues(options: KnownValuesOptions, context: CommandContext): Promise<string[]> {
  const values = options.source === "images"
    ? await imageNames(options, context)
    : await pastNames(options, context);
  return [...new Set(values)].filter((value) => PLAIN_REGEXP.test(value));
}

async function pastNames(
  { source, stateDir }: KnownValuesOptions,
  context: CommandContext,
): Promise<string[]> {
  const { history, store } = await findPushState(stateDir, context);
  if (source === "targets") return (await history.list()).map(({ target }) => target).reverse();
  const logins = (await store.list()).map(({ registry }) => registry).reverse();
  return [...await history.recentRegistries(), ...logins];
}

async function imageNames(
  { runner }: KnownValuesOptions,
  { clock, signal }: CommandContext,
): Promise<string[]> {
  const timeout = new AbortController();
  using _timer = clock.timer(MAX_WAIT_MS, () => timeout.abort());
  const ended = AbortSignal.any([signal, timeout.signal]);
  const runtime = await findRuntime({
    runner: runner ?? createDenoCommandRunner(clock),
    clock,
    signal: ended,
  });
  const images = await runtime.listImages(ended);
  return images.flatMap(({ name }) => name ?? []);
}
