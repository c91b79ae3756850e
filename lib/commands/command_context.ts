import type { Config } from "../state/config.ts";
import type { EventSink } from "../transfer/events.ts";
import type { ByteReader } from "../util/byte_reader.ts";
import type { Clock } from "../util/clock.ts";

/** The outside world as commands see it: what they may ask, hear and tell. */
export interface CommandContext {
  /** Aborted when the user stops the program. */
  signal: AbortSignal;
  /** Time. */
  clock: Clock;
  /** Uniform in [0, 1), for jitter. */
  random: () => number;
  /** Environment variables; `undefined` when not set. */
  env: (name: string) => string | undefined;
  /** The user's configuration file, if there is one. */
  config?: Config | undefined;
  /** Told of everything that happens. */
  onEvent: EventSink;
  /** Told of every request and answer, already redacted; absent unless asked for. */
  onTrace?: ((line: string) => void) | undefined;
  /** Standard input; absent when a person types it. */
  input?: StandardInput | undefined;
  /** Standard output, for an archive; absent when a person reads it. */
  output?: StandardOutput | undefined;
  /** Asks the user; absent without a terminal, and then a command must do without or fail with `USAGE`. */
  interaction?: Interaction | undefined;
}

/** What is piped in. */
export interface StandardInput {
  /** Gives it. */
  read: ByteReader;
  /** Reads no more; ends a read that waits. */
  close(): void;
}

/** Where content is piped to. */
export interface StandardOutput {
  /**
   * Writes, and waits until the system took it.
   *
   * @param bytes Free to be reused once this has settled.
   * @returns Whether somebody reads.
   */
  write(bytes: Uint8Array): Promise<boolean>;
}

/** Questions to a person at a terminal. Each rejects with `CANCELED` when they leave. */
export interface Interaction {
  /** Asks yes or no. */
  confirm(question: string): Promise<boolean>;
  /** Asks for a line of text. */
  text(question: string): Promise<string>;
  /** Asks for text that is not shown. */
  password(question: string): Promise<string>;
  /** Lets them pick one. */
  select<T>(question: string, choices: readonly Choice<T>[]): Promise<T>;
  /** Lets them pick several, at least one. */
  selectSeveral<T>(question: string, choices: readonly Choice<T>[]): Promise<T[]>;
}

/** Something to pick. */
export interface Choice<T> {
  /** What picking it gives. */
  value: T;
  /** What is shown. */
  label: string;
  /** Shown beside it. */
  hint?: string;
}
