/**
 * Waits for work that cannot be ended, but no longer than somebody wants.
 *
 * @typeParam T What comes of it.
 * @param work The work, which goes on by itself.
 * @param signal Ends the waiting, by rejecting with its reason.
 * @returns What came of it.
 * @throws Whatever the work throws.
 */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
