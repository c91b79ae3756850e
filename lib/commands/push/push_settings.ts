import { HostMemory } from "../../state/host_memory.ts";
import { UploadJournal } from "../../state/upload_journal.ts";
import type { HostOptions, PushContext } from "../../transfer/push/push_images.ts";
import type { UploadHabits } from "../../transfer/upload/upload_habits.ts";
import { DEFAULT_RETRY_POLICY } from "../../util/retry.ts";
import type { CommandContext } from "../command_context.ts";
import { hashThreads } from "../hash_threads.ts";
import type { PushState } from "./push_state.ts";

/** Blobs on their way at once, unless told otherwise. */
const DEFAULT_CONCURRENCY = 3;

/** How a push sends. */
export interface TransferOptions {
  /**
   * Blobs on their way at once, to each registry.
   *
   * @default {3}
   */
  concurrency?: number | undefined;
  /**
   * Size of the parts that large blobs are sent in, in bytes.
   *
   * @default {to suit the link and the registry}
   */
  chunkSizeBytes?: number | undefined;
  /** Most bytes per second over all uploads; unlimited when absent. */
  rateBytesPerSecond?: number | undefined;
  /**
   * Continue uploads that an earlier run left, and remember this one's.
   *
   * @default {true}
   */
  isResuming?: boolean | undefined;
  /** Send blobs even if the registry says it has them, and start uploads over. */
  force?: boolean | undefined;
}

/** What the engine of a push works with; disposing it waits until everything learned is kept. */
export interface PushSettings extends AsyncDisposable {
  /** Limits, time, memory. */
  readonly context: PushContext;
}

/**
 * Brings together what the user said, what earlier runs have learned, and where this one's lessons are kept.
 *
 * @param options What the user said.
 * @param surroundings The state directory, the registries that will be asked, and the outside world.
 * @returns What the engine works with.
 */
export async function openPushSettings(
  options: TransferOptions,
  surroundings: { state: PushState; registries: readonly string[]; context: CommandContext },
): Promise<PushSettings> {
  const { state: { directory, onWarning }, registries, context } = surroundings;
  const { clock, random, signal, onEvent } = context;
  const onNotice = (message: string): void => onEvent({ type: "notice", message });
  const memory = new HostMemory(directory, { clock, onWarning });
  const isResuming = (options.isResuming ?? true) && !options.force;
  // Kept at once, one after the other: a push that is stopped or killed has learned for the next.
  let learning = Promise.resolve();
  return {
    context: {
      policy: DEFAULT_RETRY_POLICY,
      clock,
      random,
      signal,
      concurrency: options.concurrency ?? DEFAULT_CONCURRENCY,
      hashThreads: hashThreads(),
      chunkSizeBytes: options.chunkSizeBytes,
      hosts: hostOptions(registries, options, context),
      rateBytesPerSecond: options.rateBytesPerSecond,
      journal: isResuming ? new UploadJournal(directory, { clock, onWarning, onNotice }) : undefined,
      habits: await recallHabits(memory, registries),
      onLearned: (registry, habits) => {
        learning = learning.then(() => memory.learn(registry, habits));
      },
      isForced: options.force,
      onEvent,
    },
    [Symbol.asyncDispose]: () => learning,
  };
}

/** What the configuration file says of registries, where the command line says nothing. */
function hostOptions(
  registries: readonly string[],
  { concurrency, chunkSizeBytes }: TransferOptions,
  { config }: CommandContext,
): ReadonlyMap<string, HostOptions> {
  return new Map(registries.map((registry) => {
    const host = config?.hostOf(registry) ?? {};
    return [registry, {
      concurrency: concurrency ?? host.concurrency,
      chunkSizeBytes: chunkSizeBytes ?? host.chunkSizeBytes,
      strategy: host.strategy,
    }];
  }));
}

async function recallHabits(
  memory: HostMemory,
  registries: readonly string[],
): Promise<Map<string, UploadHabits>> {
  const habits = new Map<string, UploadHabits>();
  for (const registry of new Set(registries)) {
    const known = await memory.get(registry);
    if (known) habits.set(registry, known);
  }
  return habits;
}
