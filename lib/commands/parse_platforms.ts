import { PusherError } from "../errors.ts";
import { parsePlatform, type Platform } from "../spec/platform.ts";
import { printable } from "../util/printable.ts";

/**
 * Reads the platforms a user named.
 *
 * @param texts For example `linux/arm64`.
 * @returns The platforms, normalized.
 * @throws {PusherError} `USAGE` if one is none.
 */
export function parsePlatforms(texts: readonly string[]): Platform[] {
  return texts.map((text) => {
    const platform = parsePlatform(text.trim());
    if (platform) return platform;
    throw new PusherError("USAGE", `Cannot use --platform "${printable(text)}": it is not a platform`, {
      detail: { option: "--platform" },
      hint: parsePlatform(`linux/${text.trim()}`)
        ? `Did you mean linux/${text.trim()}?`
        : "Give operating system and architecture, as in linux/amd64 or linux/arm/v7, separated by commas.",
    });
  });
}
