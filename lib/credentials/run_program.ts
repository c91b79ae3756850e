import type { Clock } from "../util/clock.ts";

/** Longest run: some helpers ask the user for a passphrase in a window of their own. */
const MAX_RUN_MS = 120_000;
/** What a program left running may still hold its output open for. */
const HANG_UP_MS = 1_000;
/** More than any token has. */
const MAX_OUTPUT_BYTES = 256 * 2 ** 10;

/** What a program needs to run. */
export interface ProgramOptions {
  /** What it reads. */
  stdin: string;
  /** Time. */
  clock: Clock;
  /** Ends it. */
  signal: AbortSignal;
}

/** What came of a program. */
export interface ProgramResult {
  /** 0 for success. */
  exitCode: number;
  /** What it wrote to standard output, 256 KiB and a little at most. */
  stdout: string;
  /** What it wrote to standard error, likewise. */
  stderr: string;
  /** Whether it was stopped because it did not end within two minutes. */
  isLate: boolean;
  /** Whether it wrote more than was read. */
  isCut: boolean;
}

/**
 * Runs a small program to its end, without a shell, with our environment.
 *
 * @param command The program, looked up on `PATH`, and its arguments: never a secret, since other users see them.
 * @param options What it reads, time, the end.
 * @returns What came of it.
 * @throws {Deno.errors.NotFound} If there is no such program, and the signal's reason once it is aborted.
 */
export async function runProgram(
  [program, ...args]: readonly [string, ...string[]],
  { stdin, clock, signal }: ProgramOptions,
): Promise<ProgramResult> {
  signal.throwIfAborted();
  const child = new Deno.Command(program, { args, stdin: "piped", stdout: "piped", stderr: "piped" }).spawn();
  let isRunning = true;
  let isLate = false;
  const kill = (): void => {
    if (isRunning) child.kill("SIGKILL");
  };
  const hangUp = new AbortController();
  const outputs = [child.stdout, child.stderr].map((stream) => readText(stream, hangUp.signal));
  signal.addEventListener("abort", kill, { once: true });
  const timer = clock.timer(MAX_RUN_MS, () => {
    isLate = true;
    kill();
  });
  // It need not read what it is given.
  const feeding = new Blob([stdin]).stream().pipeTo(child.stdin).catch(() => {});
  const { code } = await child.status;
  isRunning = false;
  timer[Symbol.dispose]();
  signal.removeEventListener("abort", kill);
  using _timer = clock.timer(HANG_UP_MS, () => hangUp.abort());
  const [stdout = "", stderr = ""] = await Promise.all(outputs);
  await feeding;
  signal.throwIfAborted();
  const isCut = Math.max(stdout.length, stderr.length) > MAX_OUTPUT_BYTES;
  return { exitCode: code, stdout, stderr, isLate, isCut };
}

async function readText(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  signal: AbortSignal,
): Promise<string> {
  const reader = stream.getReader();
  signal.addEventListener("abort", () => void reader.cancel(), { once: true });
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let sizeBytes = 0;
  while (sizeBytes <= MAX_OUTPUT_BYTES) {
    const { value, done } = await reader.read();
    if (done) break;
    chunks.push(value);
    sizeBytes += value.length;
  }
  await reader.cancel();
  return await new Blob(chunks).text();
}
