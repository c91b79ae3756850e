import { isPusherError } from "../../errors.ts";
import { jobReference, type PushJob } from "../../transfer/push/push_job.ts";
import { verifyPush } from "../../transfer/push/verify_push.ts";
import type { PushedImage, PushFailure, PushReport } from "../../transfer/progress/report.ts";
import type { TellingContext } from "../../transfer/retry_telling.ts";

/**
 * Asks registries whether they hold what was pushed; see {@linkcode verifyPush}.
 *
 * @param jobs What was pushed.
 * @param report What came of it.
 * @param context Retries, time, and who is told.
 * @returns The report; what was pushed but is not found complete counts as failed.
 */
export async function verifyPushed(
  jobs: readonly PushJob[],
  report: PushReport,
  context: TellingContext,
): Promise<PushReport> {
  const pushed: PushedImage[] = [];
  const failures: PushFailure[] = [...report.failures];
  for (const image of report.pushed) {
    try {
      await verifyPush(jobs.find((job) => jobReference(job) === image.reference)!, context);
      context.onEvent({ type: "notice", message: `${image.reference} is complete at its registry` });
      pushed.push(image);
    } catch (error) {
      if (!isPusherError(error)) throw error;
      failures.push({ reference: image.reference, error });
    }
  }
  return { ...report, pushed, failures };
}
