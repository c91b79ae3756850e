import { PusherError } from "../../errors.ts";
import { formatReference, parseReference, type Reference, withDefaultTag } from "../../spec/reference.ts";
import { rewriteReference, type RewriteRule } from "../../spec/rewrite_reference.ts";
import { isTagPattern } from "../../spec/tag_pattern.ts";

/** What is copied from where to where, as the user named it. */
export interface CopyNames {
  /** The image, or with {@linkcode CopyNames.pattern} its repository. */
  source: Reference;
  /** Which tags; absent if there is one image. */
  pattern: string | undefined;
  /** Where to, each once; those without tag get that of the source. */
  destinations: readonly Reference[];
}

/**
 * Reads the names on a command line.
 *
 * @param source An image, or a repository with a pattern in the place of the tag.
 * @param destinations Images, or repositories.
 * @param rules What the configuration file replaces in destinations.
 * @returns What is meant.
 * @throws {PusherError} `REFERENCE_INVALID`; `USAGE` if several tags would become one.
 */
export function parseCopyNames(
  source: string,
  destinations: readonly string[],
  rules: readonly RewriteRule[],
): CopyNames {
  const { reference, pattern } = parseSource(source);
  const named = destinations.map((text) => rewriteReference(parseReference(text), rules));
  const distinct = [...new Map(named.map((each) => [formatReference(each), each])).values()];
  const single = pattern === undefined ? undefined : distinct.find(({ tag, digest }) => tag ?? digest);
  if (single) throw severalToOne(formatReference(single));
  return { source: reference, pattern, destinations: distinct };
}

function parseSource(text: string): { reference: Reference; pattern: string | undefined } {
  const colon = text.lastIndexOf(":");
  const tag = text.slice(colon + 1);
  if (colon > 0 && isTagPattern(tag)) {
    return { reference: parseReference(text.slice(0, colon)), pattern: tag };
  }
  return { reference: withDefaultTag(parseReference(text)), pattern: undefined };
}

function severalToOne(destination: string): PusherError {
  return new PusherError("USAGE", `Cannot copy several tags to "${destination}": it is one`, {
    detail: {},
    hint: "Name the repository without a tag: each image keeps its own.",
  });
}
