import assert from "node:assert/strict";
import fc from "fast-check";
import { parseChallenges } from "../../../../lib/registry/auth/challenge.ts";

const names = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
const values = fc.string({ maxLength: 20 }).filter((text) => !/[^\t\x20-\x7e]/.test(text));
const parameters = fc.array(fc.tuple(names, values), { minLength: 1, maxLength: 4 }).map(
  Object.fromEntries<string>,
);
const challenges = fc.array(fc.record({ scheme: names, parameters }, { noNullPrototype: true }), {
  maxLength: 4,
});
const quoted = (text: string): string => `"${text.replace(/["\\]/g, "\\$&")}"`;

Deno.test("parseChallenges() reads back any challenges written with quotes", () => {
  fc.assert(fc.property(challenges, (written) => {
    const header = written.map(({ scheme, parameters }) =>
      `${scheme.toUpperCase()} ${
        Object.entries(parameters).map(([name, value]) => `${name}=${quoted(value)}`).join(",")
      }`
    ).join(", ");
    assert.deepEqual(parseChallenges(header), written);
  }));
});

Deno.test("parseChallenges() gives lower-case schemes and never throws, whatever the header", () => {
  const pieces = fc.constantFrom(
    "Bearer",
    "Basic",
    " ",
    ",",
    "=",
    '"',
    "\\",
    "realm",
    "x",
    "==",
    "\t",
    ";",
    "é",
  );
  fc.assert(fc.property(fc.array(pieces, { maxLength: 30 }), (parts) => {
    for (const { scheme } of parseChallenges(parts.join(""))) assert.match(scheme, /^[^A-Z\s,="]+$/);
  }));
});
