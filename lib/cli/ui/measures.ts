/**
 * Numbers in the few characters a progress line has for them.
 *
 * @module
 */

import { formatByteSize } from "../../util/byte_size.ts";

/**
 * Writes a duration in its two largest units, rounded up so that it is never nothing while something is left.
 *
 * @param durationMs Milliseconds.
 * @returns For example `3s`, `2m05s`, `1h02m` or `3d04h`: at most 6 characters up to 999 days.
 *
 * @example Usage
 * ```ts
 * import { formatDuration } from "./measures.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(formatDuration(125_000), "2m05s");
 * ```
 */
export function formatDuration(durationMs: number): string {
  const seconds = Math.ceil(durationMs / 1_000);
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3_600) return twoUnits(seconds, [60, "m"], [1, "s"]);
  if (seconds < 86_400) return twoUnits(seconds, [3_600, "h"], [60, "m"]);
  return twoUnits(seconds, [86_400, "d"], [3_600, "h"]);
}

/**
 * Writes how long something took.
 *
 * @param durationMs Milliseconds.
 * @returns For example `0.14s`, `3.2s` or `2m05s`.
 */
export function formatElapsed(durationMs: number): string {
  const seconds = durationMs / 1_000;
  if (seconds < 1) return `${seconds.toFixed(2)}s`;
  return seconds < 10 ? `${seconds.toFixed(1)}s` : formatDuration(durationMs);
}

/**
 * Writes a rate.
 *
 * @param bytesPerSecond Not negative.
 * @returns For example `12.3 MiB/s`: at most 10 characters.
 */
export function formatRate(bytesPerSecond: number): string {
  return `${formatByteSize(bytesPerSecond)}/s`;
}

/**
 * Writes how much of something is done, in the unit of the whole.
 *
 * @param doneBytes Not negative.
 * @param sizeBytes The whole; `undefined` when unknown.
 * @returns For example `0.5/45.6 MiB`, or just what is done: at most 13 characters.
 */
export function formatDone(doneBytes: number, sizeBytes: number | undefined): string {
  if (sizeBytes === undefined) return formatByteSize(doneBytes);
  const [size, unit] = formatByteSize(sizeBytes).split(" ") as [string, string];
  const digits = size.split(".")[1]?.length ?? 0;
  return `${(share(doneBytes, sizeBytes) * Number(size)).toFixed(digits)}/${size} ${unit}`;
}

/**
 * Writes a share.
 *
 * @param doneBytes Not negative.
 * @param sizeBytes The whole.
 * @returns `0%` to `100%`, rounded down so that only the whole is 100 %.
 */
export function formatPercent(doneBytes: number, sizeBytes: number): string {
  return `${Math.floor(share(doneBytes, sizeBytes) * 100)}%`;
}

/**
 * How much of something is done; nothing of nothing is all of it.
 *
 * @param doneBytes Not negative.
 * @param sizeBytes The whole.
 * @returns 0 to 1.
 */
export function share(doneBytes: number, sizeBytes: number): number {
  return sizeBytes === 0 ? 1 : Math.min(1, doneBytes / sizeBytes);
}

/**
 * Writes how often something was tried again, at the end of a summary.
 *
 * @param retries Attempts that failed and were followed by another.
 * @returns For example `, after 2 retries`; nothing for none.
 */
export function retriesText(retries: number): string {
  if (retries === 0) return "";
  return retries === 1 ? ", after 1 retry" : `, after ${retries} retries`;
}

/**
 * Shortens a digest for people, as docker does.
 *
 * @param name A digest, or any other name.
 * @returns The first 12 hexadecimal digits of a digest; other names as they are.
 */
export function shortDigest(name: string): string {
  return /^[a-z0-9]+:([0-9a-f]{12})[0-9a-f]{20,}$/.exec(name)?.[1] ?? name;
}

type Unit = readonly [seconds: number, name: string];

function twoUnits(seconds: number, [large, largeName]: Unit, [small, smallName]: Unit): string {
  const rest = Math.floor(seconds % large / small);
  return `${Math.floor(seconds / large)}${largeName}${String(rest).padStart(2, "0")}${smallName}`;
}
