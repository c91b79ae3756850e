/** One way in that a registry offers, from `WWW-Authenticate`. */
export interface Challenge {
  /** Scheme in lower case, for example `bearer`. */
  scheme: string;
  /** Parameters; names in lower case. */
  parameters: Readonly<Record<string, string>>;
}

const TOKEN_REGEXP = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y;
/** The other form of a challenge's parameters, as Negotiate has it: skipped. */
const TOKEN68_REGEXP = /[ \t]+[A-Za-z0-9\-._~+/]+=*(?=\s*(?:,|$))/y;
const PARAMETER_REGEXP = /([!#$%&'*+\-.^_`|~0-9A-Za-z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))/y;
const BETWEEN_REGEXP = /[\s,]*/y;

/**
 * Reads `WWW-Authenticate`: several challenges in one header or several headers joined by commas, quoted commas,
 * schemes in any case and without parameters. What cannot be understood ends the list.
 *
 * @param header The header's value.
 * @returns The challenges, in the registry's order.
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-www-authenticate
 *
 * @example Usage
 * ```ts
 * import { parseChallenges } from "./challenge.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(parseChallenges('Bearer realm="https://auth.example/token",service="r.example", BASIC'), [
 *   { scheme: "bearer", parameters: { realm: "https://auth.example/token", service: "r.example" } },
 *   { scheme: "basic", parameters: {} },
 * ]);
 * ```
 */
export function parseChallenges(header: string): Challenge[] {
  const challenges: { scheme: string; parameters: Record<string, string> }[] = [];
  let at = 0;
  const take = (regexp: RegExp): RegExpExecArray | null => {
    regexp.lastIndex = at;
    const match = regexp.exec(header);
    if (match) at = regexp.lastIndex;
    return match;
  };
  while (take(BETWEEN_REGEXP) && at < header.length) {
    const parameter = challenges.length > 0 ? take(PARAMETER_REGEXP) : null;
    if (parameter) {
      const value = parameter[2]?.replace(/\\(.)/g, "$1") ?? parameter[3] ?? "";
      challenges.at(-1)!.parameters[parameter[1]!.toLowerCase()] ??= value;
      continue;
    }
    const scheme = take(TOKEN_REGEXP);
    if (!scheme) break;
    challenges.push({ scheme: scheme[0].toLowerCase(), parameters: {} });
    take(TOKEN68_REGEXP);
  }
  return challenges;
}
