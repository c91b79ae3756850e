const MAX_STEM_LENGTH = 200;
/** Names that Windows gives to devices, whatever follows a dot. */
const DEVICE_NAME_REGEXP = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

/**
 * Names the file an image is saved to. Only letters, digits, `.`, `-` and `_` are left of any text, so it is a plain
 * file name on every system. Different images can get the same one.
 *
 * @param image Name or ID of an image.
 * @returns For example `nginx_latest.tar`; at most 205 characters.
 *
 * @example Usage
 * ```ts
 * import { archiveFileName } from "./archive_file_name.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(archiveFileName("registry.example:5000/team/app:1.2"), "registry.example_5000_team_app_1.2.tar");
 * ```
 */
export function archiveFileName(image: string): string {
  // The end is kept, because that is where tags differ.
  const stem = image.replace(/[^A-Za-z0-9._-]/g, "_").slice(-MAX_STEM_LENGTH).replace(/^[.-]/, "_");
  return `${stem === "" || DEVICE_NAME_REGEXP.test(stem) ? "_" : ""}${stem}.tar`;
}
