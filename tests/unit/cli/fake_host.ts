import type { Host, HostOutput } from "../../../lib/cli/host.ts";
import { FakeClock } from "../../support/fake_clock.ts";

/** What a {@linkcode FakeHost} pretends. */
export interface FakeHostOptions {
  /** Whether standard input, output and error are a terminal. */
  isTerminal?: boolean;
  /** What is piped in. */
  stdin?: string;
  /** Environment variables. */
  env?: Readonly<Record<string, string>>;
  /** Size of the terminal. */
  size?: { columns: number; rows: number };
}

/** A host in memory: keeps what is written, and sends signals when told. */
export class FakeHost implements Host {
  readonly stdin: Host["stdin"];
  readonly stdout: HostOutput & { text: string };
  readonly stderr: HostOutput & { text: string };
  readonly clock: FakeClock = new FakeClock();
  readonly isWindows: boolean = false;
  readonly platform = "deno 2.0.0, linux x86_64";
  readonly runtime = { version: "2.0.0", target: "x86_64-unknown-linux-gnu" };
  size: { columns: number; rows: number };
  #env: Readonly<Record<string, string>>;
  #onStop = new Set<(signal: string) => void>();
  #onSuspension = new Set<() => Disposable | undefined>();
  #onUncaught = new Set<(error: unknown) => void>();

  constructor({ isTerminal = false, stdin = "", env = {}, size }: FakeHostOptions = {}) {
    this.stdin = {
      isTerminal,
      readText: (maxBytes) => Promise.resolve(stdin.slice(0, maxBytes)),
      read: () => Promise.resolve(0),
      close: () => {},
    };
    this.stdout = memoryOutput(isTerminal);
    this.stderr = memoryOutput(isTerminal);
    this.size = size ?? { columns: 80, rows: 24 };
    this.#env = env;
  }

  random = (): number => 0.5;
  env = (name: string): string | undefined => this.#env[name];
  terminalSize = (): { columns: number; rows: number } => this.size;
  onStopSignal = (listener: (signal: string) => void): Disposable => listen(this.#onStop, listener);
  onSuspension = (leave: () => Disposable | undefined): Disposable => listen(this.#onSuspension, leave);
  onUncaught = (listener: (error: unknown) => void): Disposable => listen(this.#onUncaught, listener);

  /** How many listen for signals: with none, a signal would end the process. */
  get signalListeners(): number {
    return this.#onStop.size;
  }

  sendSignal(signal: string): void {
    for (const listener of [...this.#onStop]) listener(signal);
  }

  /** Stops the process; disposing what this gives lets it go on. */
  suspend(): Disposable {
    const left = new DisposableStack();
    for (const leave of this.#onSuspension) left.use(leave());
    return left;
  }

  throwUncaught(error: unknown): void {
    for (const listener of [...this.#onUncaught]) listener(error);
  }
}

function memoryOutput(isTerminal: boolean): HostOutput & { text: string } {
  return {
    isTerminal,
    text: "",
    write(text) {
      this.text += text;
    },
    writeBytes(bytes) {
      this.text += new TextDecoder().decode(bytes);
      return Promise.resolve(true);
    },
  };
}

function listen<T>(listeners: Set<T>, listener: T): Disposable {
  listeners.add(listener);
  return { [Symbol.dispose]: () => void listeners.delete(listener) };
}
