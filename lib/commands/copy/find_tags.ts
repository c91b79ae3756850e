import { PusherError } from "../../errors.ts";
import { formatRepository, type Reference } from "../../spec/reference.ts";
import { matchTags } from "../../spec/tag_pattern.ts";
import type { CopyOrigin } from "../../transfer/ports.ts";
import { retryTelling } from "../../transfer/retry_telling.ts";
import { DEFAULT_RETRY_POLICY } from "../../util/retry.ts";
import type { CommandContext } from "../command_context.ts";

/** Tags of a repository. */
export interface FoundTags {
  /** Those that fit, sorted. */
  matching: readonly string[];
  /** All that there are. */
  all: ReadonlySet<string>;
}

/** Tags that an error shows. */
const SHOWN_TAGS = 10;

/**
 * Finds the tags that fit a pattern.
 *
 * @param repository Where to look.
 * @param pattern The pattern.
 * @param access How to ask.
 * @returns The tags.
 * @throws {PusherError} `IMAGE_NOT_FOUND` if there is none.
 */
export async function findTags(
  repository: Reference,
  pattern: string,
  { origin, context }: { origin: CopyOrigin; context: CommandContext },
): Promise<FoundTags> {
  const retries = { policy: DEFAULT_RETRY_POLICY, ...context };
  const all = await retryTelling(() => origin.listTags(context.signal), origin.name, retries);
  const name = formatRepository(repository);
  if (!all) {
    throw new PusherError("IMAGE_NOT_FOUND", `Cannot find "${name}": the registry has no such repository`, {
      detail: { name },
      hint: "Check the name of the repository.",
    });
  }
  const matching = matchTags(all, pattern);
  if (matching.length > 0) return { matching, all: new Set(all) };
  const available = matchTags(all, "*").slice(0, SHOWN_TAGS);
  const others = all.length > available.length ? " and others" : "";
  throw new PusherError("IMAGE_NOT_FOUND", `Cannot find a tag "${pattern}" in "${name}"`, {
    detail: { name: pattern, available },
    hint: available.length > 0
      ? `It has ${available.join(", ")}${others}.`
      : "It has no tags: copy images by their digests.",
  });
}
