import { isPusherError, PusherError } from "../errors.ts";
import type { CommandRunner } from "../runtimes/command_runner.ts";
import type { ContainerRuntime, RuntimeName } from "../runtimes/container_runtime.ts";
import { createDenoCommandRunner } from "../runtimes/deno_command_runner.ts";
import { findRuntime } from "../runtimes/find_runtime.ts";
import { parseImageArgument } from "../runtimes/local_image.ts";
import { outputFailed } from "../runtimes/output_failed.ts";
import { saveImageFile } from "../runtimes/save_image_file.ts";
import { type PlannedSave, planSaves } from "../runtimes/save_plan.ts";
import { assertReplaceable } from "./assert_replaceable.ts";
import type { CommandContext } from "./command_context.ts";
import { pickLocalImages } from "./pick_local_images.ts";

/** What to save and where to. */
export interface SaveOptions {
  /** Names or IDs of local images; the user picks some when there are none. */
  images: readonly string[];
  /**
   * The runtime that holds them.
   *
   * @default {the first that works of docker, nerdctl and podman}
   */
  runtime?: RuntimeName | undefined;
  /**
   * An existing directory.
   *
   * @default {"."}
   */
  outputDir?: string | undefined;
  /**
   * Whether to replace files without asking.
   *
   * @default {false}
   */
  force?: boolean | undefined;
  /**
   * Starts the runtime's program.
   *
   * @default {with Deno.Command}
   */
  runner?: CommandRunner | undefined;
}

/** What was saved. */
export interface SaveReport {
  /** One per image, in the order of the request. */
  saved: readonly SavedImage[];
}

/** An image that is in a file now. */
export interface SavedImage {
  /** Name with tag or digest, or ID. */
  image: string;
  /** The archive. */
  path: string;
  /** Size of the archive. */
  sizeBytes: number;
}

/**
 * Saves images of docker, nerdctl or podman as archives, one file each. What can be known beforehand is checked
 * before the first byte is written. The first failure ends it; files that are complete by then stay.
 *
 * @param options What and where to.
 * @param context The outside world.
 * @returns The files.
 * @throws {PusherError} `USAGE`, `REFERENCE_INVALID`, `RUNTIME_NOT_FOUND`, `RUNTIME_FAILED`, `IMAGE_NOT_FOUND`,
 * `OUTPUT_EXISTS`, `OUTPUT_FAILED`, `CANCELED`; `PARTIAL` if it failed after some were saved.
 */
export async function save(options: SaveOptions, context: CommandContext): Promise<SaveReport> {
  const { clock, signal } = context;
  const named = new Set(options.images.map(parseImageArgument));
  if (named.size === 0 && !context.interaction) throw noImages();
  const runner = options.runner ?? createDenoCommandRunner(clock);
  const runtime = await findRuntime({ name: options.runtime, runner, clock, signal });
  const available = await runtime.listImages(signal);
  const images = named.size === 0 && context.interaction
    ? await pickLocalImages(available, {
      interaction: context.interaction,
      nowMs: clock.now(),
      runtime: runtime.name,
    })
    : [...named];
  const directory = (options.outputDir || ".").replace(/(?<=.)\/+$/, "");
  const plan = planSaves(images, { directory, runtime: runtime.name, available });
  await assertDirectory(directory);
  for (const { path } of plan) await assertReplaceable(path, { isForced: options.force }, context);
  context.onEvent({ type: "save:ready", images: plan.map(({ image }) => image), ...expectedSize(plan) });
  return { saved: await saveAll(plan, { directory, runtime, context }) };
}

function expectedSize(plan: readonly PlannedSave[]): { sizeBytes?: number } {
  const sizes = plan.map(({ expectedBytes }) => expectedBytes);
  return sizes.every((size) => size !== undefined)
    ? { sizeBytes: sizes.reduce((sum, size) => sum + size, 0) }
    : {};
}

/** What every save of one command shares. */
interface SaveAllOptions {
  directory: string;
  runtime: ContainerRuntime;
  context: CommandContext;
}

async function saveAll(plan: readonly PlannedSave[], options: SaveAllOptions): Promise<SavedImage[]> {
  const saved: SavedImage[] = [];
  for (const planned of plan) {
    try {
      saved.push(await saveOne(planned, options));
    } catch (error) {
      const isCanceled = options.context.signal.aborted || isPusherError(error, "CANCELED");
      if (isCanceled || saved.length === 0 || !(error instanceof Error)) throw error;
      throw partial(error, { failed: planned.image, saved: saved.length, planned: plan.length });
    }
  }
  return saved;
}

async function saveOne(planned: PlannedSave, options: SaveAllOptions): Promise<SavedImage> {
  const { image, path, expectedBytes } = planned;
  const { directory, runtime, context: { signal, onEvent } } = options;
  onEvent({
    type: "save:start",
    image,
    path,
    runtime: runtime.name,
    ...(expectedBytes !== undefined && { sizeBytes: expectedBytes }),
  });
  const sizeBytes = await saveImageFile(runtime, planned, {
    directory,
    signal,
    onBytes: (deltaBytes) => onEvent({ type: "save:bytes", image, deltaBytes }),
  });
  onEvent({ type: "save:done", image, path, sizeBytes });
  return { image, path, sizeBytes };
}

async function assertDirectory(directory: string): Promise<void> {
  try {
    if ((await Deno.stat(directory)).isDirectory) return;
  } catch (cause) {
    throw outputFailed(directory, cause);
  }
  throw outputFailed(directory, "it is not a directory");
}

function noImages(): PusherError {
  return new PusherError("USAGE", "Cannot ask which images to save: there is no terminal", {
    detail: { option: "IMAGE" },
    hint: "Name the images, for example: docker-image-pusher save nginx:latest.",
  });
}

function partial(error: Error, count: { failed: string; saved: number; planned: number }): PusherError {
  const { failed, saved, planned } = count;
  return new PusherError(
    "PARTIAL",
    `Cannot save all images: "${failed}" failed after ${saved} of ${planned} were saved`,
    {
      detail: { failures: [{ target: failed, error }], succeeded: saved },
      hint: "The complete files were kept; save the rest again once the cause is solved.",
      cause: error,
    },
  );
}
