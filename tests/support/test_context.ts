import type { CommandContext } from "../../lib/commands/command_context.ts";
import type { TransferEvent } from "../../lib/transfer/events.ts";
import { FakeClock } from "./fake_clock.ts";

/** A command's outside world, and what it was told. */
export interface TestContext extends CommandContext {
  /** Every event so far. */
  readonly events: readonly TransferEvent[];
  /** The time. */
  readonly clock: FakeClock;
}

/**
 * Makes an outside world without a terminal, in which waiting takes no time.
 *
 * @param parts What is different.
 * @returns The context.
 */
export function makeTestContext(parts: { signal?: AbortSignal; clock?: FakeClock } = {}): TestContext {
  const events: TransferEvent[] = [];
  return {
    signal: new AbortController().signal,
    clock: new FakeClock({ autoAdvance: true }),
    random: () => 0.5,
    env: () => undefined,
    onEvent: (event) => void events.push(event),
    events,
    ...parts,
  };
}
