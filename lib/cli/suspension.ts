import type { Clock } from "../util/clock.ts";

/** A process that is not stopped by then is one that nobody could start again: the system spares it. */
const STOP_MS = 50;

/**
 * Listens for Ctrl+Z, which stops the process until the shell's `fg`; not on Windows, which has no such thing.
 *
 * @param leave Called before the process is stopped; what it gives is disposed when the process goes on.
 * @param clock Time; none passes for a process that is stopped.
 * @returns Gives the signal its usual meaning back when disposed.
 */
export function listenForSuspension(leave: () => Disposable | undefined, clock: Clock): Disposable {
  // Without the permission to stop itself, the process is best stopped by the system.
  const mayStop = Deno.permissions.querySync({ name: "run" }).state === "granted";
  if (Deno.build.os === "windows" || !mayStop) return new DisposableStack();
  let timer: Disposable | undefined;
  const stop = (): void => {
    const left = leave();
    Deno.removeSignalListener("SIGTSTP", stop);
    Deno.kill(Deno.pid, "SIGTSTP");
    timer = clock.timer(STOP_MS, () => {
      timer = undefined;
      Deno.addSignalListener("SIGTSTP", stop);
      left?.[Symbol.dispose]();
    });
  };
  Deno.addSignalListener("SIGTSTP", stop);
  return {
    [Symbol.dispose]() {
      if (timer) timer[Symbol.dispose]();
      else Deno.removeSignalListener("SIGTSTP", stop);
    },
  };
}
