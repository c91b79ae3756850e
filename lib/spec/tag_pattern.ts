import type { Digest } from "./digest.ts";
import { referrersTag } from "./referrers.ts";
import { isTag } from "./reference.ts";

/** What cosign keeps under a tag of its own for an image: signatures, attestations and SBOMs. */
const ATTACHMENTS: readonly string[] = ["sig", "att", "sbom"];

/** Tags that say which manifest they belong to: lists of referrers, and what cosign keeps. */
const ATTACHED_REGEXP = /^sha(?:256|512)-[0-9a-f]{64}(?:\.[a-z]+)?$/;

/**
 * Whether text stands for all tags that look like it.
 *
 * @param text What stands in the place of a tag.
 * @returns Whether it is a tag with `*` or `?` in it.
 */
export function isTagPattern(text: string): boolean {
  return /[*?]/.test(text) && isTag(text.replaceAll(/[*?]/g, "_"));
}

/**
 * Chooses tags. Those that only say what belongs to a manifest are left out, unless the pattern begins as they do.
 *
 * @param tags All tags.
 * @param pattern `*` stands for any characters, `?` for one.
 * @returns The tags that fit, sorted.
 *
 * @example Usage
 * ```ts
 * import { matchTags } from "./tag_pattern.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(matchTags(["1.1", "1.0", "2.0", "latest"], "1.*"), ["1.0", "1.1"]);
 * ```
 */
export function matchTags(tags: Iterable<string>, pattern: string): string[] {
  const source = pattern.replaceAll(".", "\\.").replaceAll(/\*+/g, ".*").replaceAll("?", ".");
  const expression = new RegExp(`^${source}$`);
  const isOfAttached = pattern.startsWith("sha");
  return [...new Set(tags)].filter((tag) =>
    expression.test(tag) && (isOfAttached || !ATTACHED_REGEXP.test(tag))
  ).sort();
}

/**
 * The tags under which cosign keeps what belongs to a manifest.
 *
 * @param digest Digest of the manifest.
 * @returns For example `sha256-` with 64 digits and `.sig`.
 * @see https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md
 */
export function attachmentTags(digest: Digest): string[] {
  return ATTACHMENTS.map((suffix) => `${referrersTag(digest)}.${suffix}`);
}
