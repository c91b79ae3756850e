import { PusherError } from "../../errors.ts";
import { printable } from "../../util/printable.ts";
import type { EventSink } from "../events.ts";
import type { TellingContext } from "../retry_telling.ts";
import { compareImage, type Difference } from "../verify/compare_image.ts";
import { jobReference, type PushJob } from "./push_job.ts";

/**
 * Asks a registry whether it holds an image completely: the tag's digest, every manifest below, every blob with its
 * size. Nothing is downloaded.
 *
 * @param job What was pushed where.
 * @param context Retries, time, and who is told of these.
 * @throws {PusherError} `DIGEST_MISMATCH` naming the first thing that is missing or different.
 */
export async function verifyPush(job: PushJob, context: TellingContext): Promise<void> {
  const { target, image, tag } = job;
  // What becomes of blobs was told when they were sent.
  const onEvent: EventSink = (event) => {
    if (event.type === "request:retry") context.onEvent(event);
  };
  const { differences: [first] } = await compareImage(image, { ...context, onEvent, target, tag });
  if (first) throw different(job, first);
}

function different(job: PushJob, { kind, digest, found }: Difference): PusherError {
  const what = kind === "tag" ? `tag ${job.tag}` : `${kind === "manifest" ? kind : "blob"} ${digest}`;
  const actual = found === undefined ? "missing" : printable(found, 100);
  return new PusherError(
    "DIGEST_MISMATCH",
    `Cannot verify "${jobReference(job)}": ${what} is ${actual} at the registry`,
    {
      detail: { expected: digest, actual, entry: what },
      hint: "Push again with --force, which sends blobs even if the registry says it has them.",
    },
  );
}
