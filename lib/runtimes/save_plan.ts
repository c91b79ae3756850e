import { PusherError } from "../errors.ts";
import { printable } from "../util/printable.ts";
import { archiveFileName } from "./archive_file_name.ts";
import type { RuntimeName } from "./container_runtime.ts";
import { findLocalImage, isImageId, type LocalImage } from "./local_image.ts";
import { similarNames } from "./similar_names.ts";

/** One image and the file it will be in. */
export interface PlannedSave {
  /** Name with tag or digest, or ID. */
  image: string;
  /** Name of the file. */
  fileName: string;
  /** Path of the file, for people and events. */
  path: string;
  /** What the image may take; absent when unknown. */
  expectedBytes?: number | undefined;
}

/** What is known when saves are planned. */
export interface SavePlanOptions {
  /** Where the files go. */
  directory: string;
  /** The runtime that will be asked, for messages. */
  runtime: RuntimeName;
  /** The images it holds. */
  available: readonly LocalImage[];
}

/**
 * Decides which files images go to, and finds out beforehand what cannot work.
 *
 * @param images As `parseImageArgument` gives them, each once.
 * @param options What there is.
 * @returns One step per image, in the same order.
 * @throws {PusherError} `IMAGE_NOT_FOUND` with similar names, `USAGE` if two images would get the same file.
 */
export function planSaves(images: readonly string[], options: SavePlanOptions): PlannedSave[] {
  const byFile = new Map<string, PlannedSave>();
  for (const image of images) {
    const found = findLocalImage(options.available, image);
    if (!found && isListedByName(image)) throw imageNotFound(image, options);
    const fileName = archiveFileName(image);
    // Most file systems of macOS and Windows take upper and lower case for the same.
    const key = fileName.toLowerCase();
    const other = byFile.get(key);
    if (other) throw sameFile([other.image, image], fileName);
    const path = `${options.directory}/${fileName}`;
    byFile.set(key, { image, fileName, path, expectedBytes: found?.sizeBytes });
  }
  return [...byFile.values()];
}

/** Lists show no digests and not every ID, so only a name that is missing there is surely unknown. */
function isListedByName(image: string): boolean {
  return !isImageId(image) && !image.includes("@");
}

function imageNotFound(image: string, { runtime, available }: SavePlanOptions): PusherError {
  const names = available.flatMap(({ name }) => name === undefined ? [] : [name]);
  const similar = similarNames(image, names);
  return new PusherError("IMAGE_NOT_FOUND", `Cannot save "${image}": ${runtime} has no such image`, {
    detail: { name: image, available: similar },
    hint: similar.length > 0
      ? `Did you mean ${similar.map((name) => printable(name)).join(", ")}?`
      : `Run "${runtime} images" to see what there is, or ask another runtime with --runtime.`,
  });
}

function sameFile(images: readonly string[], fileName: string): PusherError {
  const [first, second] = images;
  return new PusherError(
    "USAGE",
    `Cannot save "${first}" and "${second}" at once: both would be "${fileName}"`,
    {
      detail: {},
      hint: "Save them one after the other, each with its own --output-dir.",
    },
  );
}
