/** More than any registry wants at once. */
const MAX_WANTED_SCOPES = 16;

/**
 * Adds to the scopes that a request needs by what we know those that the registry says it wants, so that a token may
 * be good for both. What the first allow already is left out.
 *
 * @param scopes Scopes of a request, for example `repository:team/app:pull,push`; they stay in front.
 * @param wanted Scopes that the registry's challenge names, separated by spaces.
 * @returns All of them.
 * @see https://distribution.github.io/distribution/spec/auth/scope/
 *
 * @example Usage
 * ```ts
 * import { widenScopes } from "./token_scopes.ts";
 * import assert from "node:assert/strict";
 *
 * const push = "repository:app:pull,push";
 * assert.deepEqual(widenScopes([push], "repository:app:pull"), [push]);
 * assert.deepEqual(widenScopes([push], "repository:app:delete"), [push, "repository:app:delete"]);
 * ```
 */
export function widenScopes(scopes: readonly string[], wanted: string): string[] {
  const widened = [...scopes];
  for (const scope of wanted.split(" ").slice(0, MAX_WANTED_SCOPES)) {
    if (scope !== "" && !widened.some((known) => allows(known, scope))) widened.push(scope);
  }
  return widened;
}

function allows(known: string, scope: string): boolean {
  const [resource, actions] = splitScope(known);
  const [wantedResource, wantedActions] = splitScope(scope);
  return resource === wantedResource && wantedActions.every((action) => actions.includes(action));
}

/** Names may hold colons; the last one stands before the actions. */
function splitScope(scope: string): [resource: string, actions: string[]] {
  const colon = scope.lastIndexOf(":");
  return [scope.slice(0, colon), scope.slice(colon + 1).split(",")];
}
