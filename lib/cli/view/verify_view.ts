/**
 * What verifications have to show: of archives by themselves, and of what registries hold.
 *
 * @module
 */

import { differenceText } from "../../commands/verify/difference_text.ts";
import type { ArchivesReport, CheckedArchive } from "../../commands/verify/verify_archives.ts";
import type { Damage } from "../../commands/verify/archive_damage.ts";
import { damagedArchive, differentImage } from "../../commands/verify/verify_errors.ts";
import type { ComparedImage, CompareFailure, TargetsReport } from "../../commands/verify/verify_targets.ts";
import { PusherError } from "../../errors.ts";
import { formatByteSize } from "../../util/byte_size.ts";
import { printable } from "../../util/printable.ts";
import type { Outcome } from "../command_runner.ts";
import { formatElapsed, shortDigest } from "../ui/measures.ts";

/** Room for a path and two digests. */
const MAX_PROBLEM_LENGTH = 400;

/**
 * What a comparison has to show: a line for each image, below it a table of what is missing or different, and an error
 * unless everything is equal.
 *
 * @param report What registries hold.
 * @returns Lines that begin with `registry/repository:tag@sha256:…`.
 */
export function targetsOutcome(report: TargetsReport): Outcome {
  const { targets, failures, durationMs } = report;
  const blobs = sum(targets.map(({ blobs }) => blobs));
  const manifests = sum(targets.map(({ manifests }) => manifests));
  const read = sum(targets.map(({ readBytes }) => readBytes));
  const looked = `${count(manifests, "manifest")} and ${count(blobs, "blob")} (${
    formatByteSize(sum(targets.map(({ sizeBytes }) => sizeBytes)))
  })`;
  const hashed = read > 0 ? `, ${formatByteSize(read)} read and hashed` : "";
  const equal = targets.filter(({ differences }) => differences.length === 0);
  return {
    report,
    lines: [...targets.flatMap(targetLines), ...failures.map(failureLine)],
    summary: `Compared ${looked} of ${count(targets.length, "image")}${hashed}, in ${
      formatElapsed(durationMs)
    }: ${equal.length === targets.length ? "all equal" : `${targets.length - equal.length} different`}`,
    error: targetsError(report),
  };
}

function targetLines({ reference, digest, differences }: ComparedImage): string[] {
  const pinned = reference.endsWith(`@${digest}`) ? reference : `${reference}@${digest}`;
  if (differences.length === 0) return [`${pinned} equal`];
  const missing = differences.filter(({ problem }) => problem === "missing");
  const missingBytes = sum(missing.map(({ sizeBytes }) => sizeBytes));
  const parts = differences.map((difference) => {
    const { part, problem } = differenceText(difference);
    return { difference, part: printable(part), problem };
  });
  const width = Math.max(...parts.map(({ part }) => part.length));
  const totals = [
    ...(missing.length > 0 ? [`${missing.length} missing (${formatByteSize(missingBytes)})`] : []),
    ...(missing.length < differences.length ? [`${differences.length - missing.length} different`] : []),
  ];
  return [
    `${pinned} different`,
    ...parts.map(({ difference, part, problem }) =>
      `  ${part.padEnd(width)}  ${shortDigest(difference.digest)}  ${
        formatByteSize(difference.sizeBytes).padStart(8)
      }  ${problem}`
    ),
    `  ${totals.join(", ")}`,
  ];
}

function failureLine({ reference, error }: CompareFailure): string {
  return `${reference} unknown: ${printable(error.message, MAX_PROBLEM_LENGTH)}`;
}

function targetsError({ targets, failures }: TargetsReport): PusherError | undefined {
  const different = targets.filter(({ differences }) => differences.length > 0);
  const [first] = different;
  const total = targets.length + failures.length;
  if (first) {
    if (total === 1) return differentImage(first);
    const images = `${different.length} of ${total} images`;
    return differentImage(first, `${images}: parts of them are missing or different`);
  }
  const [failure] = failures;
  if (!failure || total === 1) return failure?.error;
  return new PusherError("PARTIAL", `Cannot verify ${failures.length} of ${total} images`, {
    detail: {
      failures: failures.map(({ reference, error }) => ({ target: reference, error })),
      succeeded: targets.length,
    },
    hint: "Run the same command again once their registries answer.",
  });
}

/**
 * What a verification of archives has to show: a line for each, below it what is damaged, and an error if anything is.
 *
 * @param report What is damaged.
 * @returns Lines that begin with the path of an archive.
 */
export function archivesOutcome(report: ArchivesReport): Outcome {
  const { archives, durationMs } = report;
  const blobs = sum(archives.map(({ blobs }) => blobs));
  const size = formatByteSize(sum(archives.map(({ sizeBytes }) => sizeBytes)));
  return {
    report,
    lines: archives.flatMap(archiveLines),
    summary: `Verified ${count(blobs, "blob")} (${size}) of ${count(archives.length, "archive")}, in ${
      formatElapsed(durationMs)
    }`,
    error: archivesError(report),
  };
}

function archiveLines({ path, format, images, blobs, sizeBytes, lacks, damage }: CheckedArchive): string[] {
  const held = format === undefined
    ? "not readable"
    : `${format}, ${count(images, "image")}, ${count(blobs, "blob")}, ${formatByteSize(sizeBytes)}`;
  return [
    `${printable(path)}: ${held}, ${damage.length === 0 ? "whole" : `${damage.length} damaged`}`,
    ...lacks.map((platform) => `  lacks ${printable(platform)}, which its index lists`),
    ...damage.map(damageLine),
  ];
}

function damageLine({ part, entry, problem }: Damage): string {
  const place = [part, entry].filter((text) => text !== undefined && !problem.includes(text)).join(", ");
  return `  ${printable(place === "" ? problem : `${place}: ${problem}`, MAX_PROBLEM_LENGTH)}`;
}

function archivesError({ archives }: ArchivesReport): PusherError | undefined {
  const damaged = archives.filter(({ damage }) => damage.length > 0);
  const [first] = damaged;
  if (!first) return undefined;
  if (archives.length === 1) return damagedArchive(first);
  return damagedArchive(first, `${damaged.length} of ${archives.length} archives: they are damaged`);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
