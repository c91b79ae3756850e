import { parseReference, type Reference } from "./reference.ts";

/** What a registry, or a part of one, is replaced by. */
export interface RewriteRule {
  /** Registry, and the path that repositories begin with; all of the registry when the path is empty. */
  from: { registry: string; prefix: string };
  /** What stands there instead. */
  to: { registry: string; prefix: string };
}

/**
 * Replaces the beginning of a reference by the rule that fits best: the one with the longest path.
 *
 * @param reference A reference.
 * @param rules Rules; none of them is applied to what another one gave.
 * @returns The reference to use, the same where no rule fits.
 * @throws {PusherError} `REFERENCE_INVALID` if what comes out is none, being too long for example.
 *
 * @example Usage
 * ```ts
 * import { formatReference, parseReference, parseRegistry } from "./reference.ts";
 * import { rewriteReference } from "./rewrite_reference.ts";
 * import assert from "node:assert/strict";
 *
 * const rule = { from: parseRegistry("docker.io/library"), to: parseRegistry("r.example/hub") };
 * const reference = rewriteReference(parseReference("nginx:1"), [rule]);
 * assert.equal(formatReference(reference), "r.example/hub/nginx:1");
 * ```
 */
export function rewriteReference<T extends Reference>(reference: T, rules: readonly RewriteRule[]): T {
  const [rule] = rules.filter(({ from }) => rest(reference, from) !== undefined)
    .toSorted((left, right) => right.from.prefix.length - left.from.prefix.length);
  if (!rule) return reference;
  const { registry, prefix } = rule.to;
  const repository = [prefix, rest(reference, rule.from)].filter((part) => part).join("/");
  parseReference(`${registry}/${repository}`);
  return { ...reference, registry, repository };
}

/** What follows the beginning; `undefined` if it begins otherwise. */
function rest({ registry, repository }: Reference, from: RewriteRule["from"]): string | undefined {
  if (registry !== from.registry) return undefined;
  if (from.prefix === "" || repository === from.prefix) return repository.slice(from.prefix.length);
  return repository.startsWith(`${from.prefix}/`) ? repository.slice(from.prefix.length + 1) : undefined;
}
