/**
 * Starts a thread. Its program is handed over as text, so that this program stays one file when it is bundled.
 *
 * @param program What runs in the thread; nothing outside of it can be used, but for types.
 * @returns The thread.
 */
export function startThread(program: () => void): Worker {
  const url = URL.createObjectURL(new Blob([`(${program})()`], { type: "text/javascript" }));
  const worker = new Worker(url, { type: "module" });
  const loaded = (): void => URL.revokeObjectURL(url);
  worker.addEventListener("message", loaded, { once: true });
  worker.addEventListener("error", loaded, { once: true });
  return worker;
}
