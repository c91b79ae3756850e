import { PusherError } from "../errors.ts";
import type { LocalImage } from "../runtimes/local_image.ts";
import { formatByteSize } from "../util/byte_size.ts";
import { printable } from "../util/printable.ts";
import type { Choice, Interaction } from "./command_context.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const AGE_UNITS = [
  ["year", 365 * DAY_MS],
  ["month", 30 * DAY_MS],
  ["day", DAY_MS],
  ["hour", HOUR_MS],
  ["minute", MINUTE_MS],
] as const;

/** What the question needs. */
export interface PickLocalImagesOptions {
  /** Asks. */
  interaction: Interaction;
  /** The present, milliseconds since 1970. */
  nowMs: number;
  /** Who holds the images. */
  runtime: string;
}

/**
 * Lets the user pick local images. Those without a name are left out: they are mostly leftovers of builds.
 *
 * @param available The images of the runtime.
 * @param options Who to ask.
 * @returns The names that were picked.
 * @throws {PusherError} `IMAGE_NOT_FOUND` if there is nothing to pick, `CANCELED` if they leave.
 */
export async function pickLocalImages(
  available: readonly LocalImage[],
  options: PickLocalImagesOptions,
): Promise<string[]> {
  const { interaction, nowMs, runtime } = options;
  const choices = available.flatMap((image) =>
    image.name === undefined ? [] : [choice(image.name, image, nowMs)]
  );
  if (choices.length > 0) return await interaction.selectSeveral("Which images?", choices);
  throw new PusherError("IMAGE_NOT_FOUND", `Cannot save an image: ${runtime} holds none that has a name`, {
    detail: { name: "*", available: [] },
    hint: "Pull or build one first, or ask another runtime with --runtime.",
  });
}

function choice(name: string, image: LocalImage, nowMs: number): Choice<string> {
  const hint = [
    image.sizeBytes === undefined ? [] : [formatByteSize(image.sizeBytes)],
    image.createdMs === undefined ? [] : [age(nowMs - image.createdMs)],
  ].flat().join(", ");
  return { value: name, label: printable(name), ...(hint && { hint }) };
}

/** For example `3 days ago`. */
function age(durationMs: number): string {
  const unit = AGE_UNITS.find(([, unitMs]) => durationMs >= unitMs);
  if (!unit) return "just now";
  const [name, unitMs] = unit;
  return new Intl.RelativeTimeFormat("en").format(-Math.floor(durationMs / unitMs), name);
}
