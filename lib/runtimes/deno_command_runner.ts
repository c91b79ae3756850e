import type { Clock } from "../util/clock.ts";
import type { CommandEnd, CommandRunner } from "./command_runner.ts";
import { readStderrTail } from "./stderr_tail.ts";

const KILL_DELAY_MS = 5_000;
const STDERR_DELAY_MS = 1_000;

/**
 * Starts programs with `Deno.Command`. They are ended with `SIGTERM`, and with `SIGKILL` if they are still there
 * five seconds later.
 *
 * @param clock Time.
 * @returns The runner.
 */
export function createDenoCommandRunner(clock: Clock): CommandRunner {
  return {
    start([program, ...args], signal) {
      signal.throwIfAborted();
      const child = new Deno.Command(program, { args, stdin: "null", stdout: "piped", stderr: "piped" })
        .spawn();
      let isRunning = true;
      let killTimer: Disposable | undefined;
      const kill = (name: Deno.Signal): void => {
        if (isRunning) child.kill(name);
      };
      const stop = (): void => {
        kill("SIGTERM");
        killTimer ??= clock.timer(KILL_DELAY_MS, () => kill("SIGKILL"));
      };
      signal.addEventListener("abort", stop, { once: true });

      async function waitForEnd(): Promise<CommandEnd> {
        const hangUp = new AbortController();
        const stderr = readStderrTail(child.stderr, hangUp.signal);
        const { code } = await child.status;
        isRunning = false;
        killTimer?.[Symbol.dispose]();
        signal.removeEventListener("abort", stop);
        // A child of its own may outlive it and hold the other end.
        using _timer = clock.timer(STDERR_DELAY_MS, () => hangUp.abort());
        return { exitCode: code, stderr: await stderr };
      }

      const ended = waitForEnd();
      return {
        stdout: child.stdout,
        ended,
        async [Symbol.asyncDispose]() {
          if (isRunning) stop();
          // Whoever reads it keeps it until its end.
          if (!child.stdout.locked) await child.stdout.cancel();
          await ended;
        },
      };
    },
  };
}
