import { createAtomicFile } from "../util/atomic_file.ts";
import type { ContainerRuntime } from "./container_runtime.ts";
import { drainStdout } from "./drain_stdout.ts";
import { outputFailed } from "./output_failed.ts";
import { runtimeFailed } from "./runtime_failed.ts";
import type { PlannedSave } from "./save_plan.ts";

/** How an image is saved. */
export interface SaveImageFileOptions {
  /** Where the file goes; must exist. */
  directory: string;
  /** Ends the runtime; what was written is removed. */
  signal: AbortSignal;
  /** Told how many bytes were written since the last call. */
  onBytes: (deltaBytes: number) => void;
}

/**
 * Saves an image to a file that appears only when it is complete: written under a temporary name (mode 0600, like
 * `docker save -o`), renamed once the runtime has ended well. Whatever goes wrong, nothing is left behind.
 *
 * @param runtime Who saves it.
 * @param planned Image and file.
 * @param options How.
 * @returns Size of the file in bytes.
 * @throws {PusherError} `OUTPUT_FAILED`, `RUNTIME_FAILED`, or `CANCELED` if Ctrl-C ended the runtime.
 */
export async function saveImageFile(
  runtime: ContainerRuntime,
  planned: PlannedSave,
  options: SaveImageFileOptions,
): Promise<number> {
  const { image, fileName, path, expectedBytes } = planned;
  const { directory, signal, onBytes } = options;
  const writing = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (cause) {
      throw outputFailed(path, cause, { expectedBytes });
    }
  };
  await using target = await writing(createAtomicFile(directory, fileName));
  await using stream = runtime.openSave(image, signal);
  const sizeBytes = await drainStdout(stream.stdout, {
    signal,
    async onChunk(bytes) {
      await writing(target.write(bytes));
      onBytes(bytes.length);
    },
  });
  await stream.finished();
  if (sizeBytes === 0) {
    throw runtimeFailed(`save "${image}"`, { runtime: runtime.name, exitCode: 0, stderr: "" });
  }
  await writing(target.commit());
  return sizeBytes;
}
