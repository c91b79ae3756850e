import { editDistance } from "../util/edit_distance.ts";

const MAX_SUGGESTIONS = 5;

/**
 * Picks the names somebody may have meant: the same image with another tag or registry, or a slip of the keyboard.
 *
 * @param name What was asked for, with its tag.
 * @param known What there is.
 * @returns At most five, the closest first.
 *
 * @example Usage
 * ```ts
 * import { similarNames } from "./similar_names.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(similarNames("ngnix:latest", ["redis:7", "nginx:1.27"]), ["nginx:1.27"]);
 * ```
 */
export function similarNames(name: string, known: readonly string[]): string[] {
  const wanted = baseName(name);
  const tolerated = Math.ceil(wanted.length / 3);
  return known
    .map((candidate) => ({ candidate, distance: editDistance(wanted, baseName(candidate)) }))
    .filter(({ distance }) => distance <= tolerated)
    .sort((a, b) => a.distance - b.distance)
    .slice(0, MAX_SUGGESTIONS)
    .map(({ candidate }) => candidate);
}

/** `app` of `registry.example:5000/team/app:1.2`. */
function baseName(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1).replace(/[:@].*$/, "");
}
