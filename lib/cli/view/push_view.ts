import { PusherError } from "../../errors.ts";
import { type PlannedBlob, plannedBytes, type PushPlan } from "../../transfer/push/plan_push.ts";
import type { PushFailure, PushReport } from "../../transfer/progress/report.ts";
import { formatByteSize } from "../../util/byte_size.ts";
import { printable } from "../../util/printable.ts";
import type { Outcome } from "../command_runner.ts";
import { formatElapsed, formatRate, retriesText, shortDigest } from "../ui/measures.ts";

/**
 * What a push has to show: a line for each image in its registry, a summary, and an error if others failed.
 *
 * @param report What was pushed.
 * @returns Lines of the form `registry/repository:tag@sha256:…`.
 */
export function pushOutcome(report: PushReport): Outcome {
  return {
    report,
    lines: report.pushed.map(({ reference, digest }) =>
      reference.endsWith(`@${digest}`) ? reference : `${reference}@${digest}`
    ),
    summary: summaryText(report),
    error: partialError("push", report.failures, report.pushed.length),
  };
}

/**
 * What a dry run has to show: a line for each image, the blobs that would be sent below it, and the sums.
 *
 * @param plan What would be done.
 * @returns Lines for people; the plan itself is the report.
 */
export function planOutcome(plan: PushPlan): Outcome {
  const { uploadBytes, existingBytes, mountBytes, compressBytes } = plan;
  const actionWidth = compressBytes > 0 ? "compress".length : "upload".length;
  const lines = plan.images.flatMap(({ reference, digest, blobs, manifests }) => [
    digest === undefined ? printable(reference) : `${printable(reference)}@${digest}`,
    ...blobs.map((blob) =>
      `  ${blob.action.padEnd(actionWidth)}  ${shortDigest(blob.digest)}  ${formatByteSize(blob.sizeBytes)}`
    ),
    `  ${plannedText(blobs)}; ${manifests === 1 ? "1 manifest" : `${manifests} manifests`}`,
  ]);
  const mounted = mountBytes === 0 ? "" : `, ${formatByteSize(mountBytes)} to mount`;
  const compressed = compressBytes === 0
    ? ""
    : ` and what ${formatByteSize(compressBytes)} of layers become when they are compressed`;
  const summary = plan.images.length === 0
    ? "Nothing to send: everything is there already"
    : `Would send ${formatByteSize(uploadBytes)}${compressed}${mounted}; ${
      formatByteSize(existingBytes)
    } already there`;
  return { report: plan, lines, summary, error: undefined };
}

function plannedText(blobs: readonly PlannedBlob[]): string {
  const isCompressing = blobs.some(({ action }) => action === "compress");
  const actions = [...(isCompressing ? ["compress" as const] : []), "upload", "mount", "exists"] as const;
  return actions.map((action) => `${action} ${formatByteSize(plannedBytes(blobs, action))}`).join(", ");
}

function summaryText(report: PushReport): string {
  const { pushed, compression } = report;
  const what = pushed.length === 1 ? printable(pushed[0]!.reference) : `${pushed.length} images`;
  const compressed = compression?.plainBytes
    ? `, ${formatByteSize(compression.plainBytes)} compressed to ${
      formatByteSize(compression.compressedBytes)
    }`
    : "";
  return `Pushed ${what}: ${sentText(report, compressed)}`;
}

/**
 * Tells what was sent, and how long it took.
 *
 * @param totals Bytes and time.
 * @param addition What else there is to say of what was sent; begins with a comma.
 * @returns For example `1.00 MiB sent, 2.00 MiB already there, in 1.5s (683 KiB/s)`.
 */
export function sentText(totals: Omit<PushReport, "pushed" | "failures">, addition = ""): string {
  const { sentBytes, existingBytes, mountedBytes, resumedBytes, retries, durationMs } = totals;
  const sent = sentBytes === 0 ? "nothing sent" : `${formatByteSize(sentBytes)} sent`;
  const others = [
    [existingBytes, "already there"],
    [mountedBytes, "mounted"],
    [resumedBytes, "left by earlier runs"],
  ] as const;
  const unsent = others.map(([bytes, how]) => bytes === 0 ? "" : `, ${formatByteSize(bytes)} ${how}`).join(
    "",
  );
  const rate = sentBytes === 0 ? "" : ` (${formatRate(sentBytes / Math.max(durationMs, 1) * 1_000)})`;
  return `${sent}${addition}${unsent}, in ${formatElapsed(durationMs)}${rate}${retriesText(retries)}`;
}

/**
 * Makes the error of a run that got some images through, but not all.
 *
 * @param verb What could not be done, for example `push`.
 * @param failures What failed.
 * @param succeeded How many images got through.
 * @returns The error; `undefined` if nothing failed.
 */
export function partialError(
  verb: string,
  failures: readonly PushFailure[],
  succeeded: number,
): PusherError | undefined {
  if (failures.length === 0) return undefined;
  return new PusherError(
    "PARTIAL",
    `Cannot ${verb} ${failures.length} of ${failures.length + succeeded} images`,
    {
      detail: {
        failures: failures.map(({ reference, error }) => ({ target: reference, error })),
        succeeded,
      },
      hint: "Run the same command again: what arrived is not sent twice.",
    },
  );
}
