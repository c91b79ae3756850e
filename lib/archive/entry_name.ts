/** Longer names are never those of an image: the longest in use, `blobs/sha512/<hex>`, has 141 characters. */
const MAX_NAME_LENGTH = 1024;

// deno-lint-ignore no-control-regex
const UNUSABLE_REGEXP = /[\u0000\\]/;

/**
 * Brings the name of a tar entry, or a path in `manifest.json`, into the one form that entries are found by: no `./`,
 * no leading, doubled or trailing slash. Nothing is ever extracted, so names cannot do harm; those that would elsewhere
 * (a `..` part, a NUL, a backslash) or that are absurdly long just name nothing here.
 *
 * @param name As it stands in the archive.
 * @returns The normal form, or `undefined` if the name is unusable or names the root.
 *
 * @example Usage
 * ```ts
 * import { normalizeEntryName } from "./entry_name.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(normalizeEntryName("./blobs//sha256/"), "blobs/sha256");
 * assert.equal(normalizeEntryName("../etc/passwd"), undefined);
 * ```
 */
export function normalizeEntryName(name: string): string | undefined {
  if (name.length > MAX_NAME_LENGTH || UNUSABLE_REGEXP.test(name)) return undefined;
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  return parts.includes("..") ? undefined : parts.join("/") || undefined;
}

/**
 * Follows a symbolic link by one step, within the archive. (The target of a hard link needs no such step: it counts
 * from the root of the archive, like any name.)
 *
 * @param name Normal name of the link.
 * @param target Where it points, relative to the directory it is in.
 * @returns Normal name of the target, or `undefined` if it lies outside of the archive.
 */
export function resolveSymlink(name: string, target: string): string | undefined {
  if (target.startsWith("/") || target.length > MAX_NAME_LENGTH) return undefined;
  const parts = name.split("/").slice(0, -1);
  for (const part of target.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return normalizeEntryName(parts.join("/"));
}
