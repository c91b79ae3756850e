import type { LocalImage } from "./local_image.ts";

/** The container runtimes this tool can drive, in the order they are tried. */
export const RUNTIME_NAMES = ["docker", "nerdctl", "podman"] as const;

/** Name of a container runtime, which is also the name of its program. */
export type RuntimeName = typeof RUNTIME_NAMES[number];

/** A container runtime on this machine. */
export interface ContainerRuntime {
  /** Which. */
  readonly name: RuntimeName;
  /**
   * Asks the part that does the work (the daemon, where there is one) for its version.
   *
   * @param signal Ends the question.
   * @returns For example `28.2.2`.
   * @throws {Deno.errors.NotFound} If it is not installed.
   * @throws {PusherError} `RUNTIME_FAILED` if it does not answer.
   */
  version(signal: AbortSignal): Promise<string>;
  /**
   * Lists the images it holds.
   *
   * @param signal Ends the question.
   * @returns One entry per name, and one per image without a name.
   * @throws {PusherError} `RUNTIME_FAILED`.
   */
  listImages(signal: AbortSignal): Promise<LocalImage[]>;
  /**
   * Starts saving one image as a docker-save archive.
   *
   * @param image As {@linkcode parseImageArgument} gives it.
   * @param signal Ends it.
   * @returns The archive on its way; disposing it ends the runtime's work.
   */
  openSave(image: string, signal: AbortSignal): ImageStream;
}

/** An archive that a runtime is writing. */
export interface ImageStream extends AsyncDisposable {
  /** The archive, as a byte stream. It is complete only if `finished` says so. */
  readonly stdout: ReadableStream<Uint8Array<ArrayBuffer>>;
  /**
   * Waits for the runtime to end.
   *
   * @throws {PusherError} `RUNTIME_FAILED`, or `CANCELED` if Ctrl-C ended it.
   */
  finished(): Promise<void>;
}
