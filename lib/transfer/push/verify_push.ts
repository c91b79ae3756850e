import { PusherError } from "../../errors.ts";
import { manifestsBottomUp, treesOf } from "../../spec/image.ts";
import { printable } from "../../util/printable.ts";
import { retry, type RetryContext } from "../../util/retry.ts";
import { jobReference, type PushJob, transferableBlobs } from "./push_job.ts";

/**
 * Asks a registry whether it holds an image completely: the tag's digest, every manifest below, every blob with its
 * size. Nothing is downloaded.
 *
 * @param job What was pushed where.
 * @param context Retries and time.
 * @throws {PusherError} `DIGEST_MISMATCH` naming the first thing that is missing or different.
 */
export async function verifyPush(job: PushJob, context: RetryContext): Promise<void> {
  const { target, image, tag } = job;
  const { signal } = context;
  for (const { descriptor } of manifestsBottomUp(...treesOf(image))) {
    const isRoot = descriptor === image.root.descriptor;
    const asked = isRoot && tag !== undefined ? tag : descriptor.digest;
    const found = await retry(() => target.manifestDigest(asked, signal), context);
    if (found !== descriptor.digest) throw different(job, `manifest ${asked}`, descriptor.digest, found);
  }
  for (const blob of transferableBlobs(image)) {
    const isThere = await retry(() => target.hasBlob(blob, signal), context);
    if (!isThere) throw different(job, `blob ${blob.digest}`, blob.digest, undefined);
  }
}

function different(job: PushJob, what: string, expected: string, found: string | undefined): PusherError {
  const actual = found === undefined ? "missing" : printable(found, 100);
  return new PusherError(
    "DIGEST_MISMATCH",
    `Cannot verify "${jobReference(job)}": ${what} is ${actual} at the registry`,
    {
      detail: { expected, actual, entry: what },
      hint: "Push again with --force, which sends blobs even if the registry says it has them.",
    },
  );
}
