import { PusherError } from "../errors.ts";
import type { Host } from "./host.ts";

/** Turns what ends a process from outside, or from a bug inside, into an abort. */
export interface Interruption extends Disposable {
  /** Aborted with `CANCELED` by the first signal, or with an error that nobody caught. */
  readonly signal: AbortSignal;
}

/**
 * Listens for the first request to stop. The second one finds the usual meaning of the signal restored and so ends
 * the process at once, with the status that shells expect.
 *
 * @param host Where signals come from.
 * @returns The signal for a command, to be disposed with it.
 */
export function listenForInterruption(host: Host): Interruption {
  const controller = new AbortController();
  const signals = host.onStopSignal((signal) => {
    signals[Symbol.dispose]();
    controller.abort(new PusherError("CANCELED", `Stopped by ${signal}`, { detail: { signal } }));
  });
  const uncaught = host.onUncaught((error) => controller.abort(error));
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      if (!controller.signal.aborted) signals[Symbol.dispose]();
      uncaught[Symbol.dispose]();
    },
  };
}
