import assert from "node:assert/strict";
import { parseChallenges } from "../../../../lib/registry/auth/challenge.ts";

/** A header and what it offers, as `scheme` or `[scheme, parameters]`. */
const CASES: [string, string, ...(string | [string, Record<string, string>])[]][] = [
  ["nothing", ""],
  ["commas only", " , ,\t,"],
  ["a scheme alone", "Basic", "basic"],
  ["upper case, as Nexus sends", 'BASIC realm="Sonatype Nexus"', ["basic", { realm: "Sonatype Nexus" }]],
  [
    "docker hub",
    'Bearer realm="https://auth.docker.io/token",service="registry.docker.io"',
    ["bearer", { realm: "https://auth.docker.io/token", service: "registry.docker.io" }],
  ],
  [
    "commas in a quoted scope",
    'Bearer realm="https://a.example/t", scope="repository:a/b:pull,push", error="invalid_token"',
    ["bearer", { realm: "https://a.example/t", scope: "repository:a/b:pull,push", error: "invalid_token" }],
  ],
  [
    "two headers joined by fetch, as Gitea sends",
    'Bearer realm="https://g.example/v2/token",service="container_registry",scope="*", Basic',
    ["bearer", { realm: "https://g.example/v2/token", service: "container_registry", scope: "*" }],
    "basic",
  ],
  [
    "Basic before Bearer",
    'Basic realm="x", Bearer realm="https://a.example/t"',
    ["basic", { realm: "x" }],
    ["bearer", { realm: "https://a.example/t" }],
  ],
  ["bare schemes", "Negotiate, NTLM, Basic", "negotiate", "ntlm", "basic"],
  [
    "a token68 blob",
    'Negotiate YII+/=, Bearer realm="https://a.example/t"',
    "negotiate",
    ["bearer", { realm: "https://a.example/t" }],
  ],
  ["a token68 blob at the end", "Negotiate YIIabc==", "negotiate"],
  [
    "space around the equals sign, names in any case",
    'bEaReR ReAlM = "https://a.example/t" , SERVICE="s"',
    ["bearer", { realm: "https://a.example/t", service: "s" }],
  ],
  ["values without quotes", "Bearer realm=https://a.example/t,service=s", [
    "bearer",
    { realm: "https://a.example/t", service: "s" },
  ]],
  ["escapes in quotes", 'Basic realm="a\\"b\\\\c, d"', ["basic", { realm: 'a"b\\c, d' }]],
  ["an empty realm", 'Bearer realm="",service="s"', ["bearer", { realm: "", service: "s" }]],
  ["the first of two equal names", 'Bearer realm="https://a.example/t",realm="https://evil.example"', [
    "bearer",
    { realm: "https://a.example/t" },
  ]],
  ["empty list elements", ',, Basic realm="x",,', ["basic", { realm: "x" }]],
  ["two of one scheme", 'Bearer realm="a", Bearer realm="b"', ["bearer", { realm: "a" }], [
    "bearer",
    { realm: "b" },
  ]],
  ["what comes before nonsense", 'Basic realm="x", @@@, Bearer realm="y"', ["basic", { realm: "x" }]],
];

Deno.test("parseChallenges() reads every form that registries send", () => {
  for (const [what, header, ...challenges] of CASES) {
    const expected = challenges.map((challenge) =>
      typeof challenge === "string"
        ? { scheme: challenge, parameters: {} }
        : { scheme: challenge[0], parameters: challenge[1] }
    );
    assert.deepEqual(parseChallenges(header), expected, what);
  }
});

Deno.test("parseChallenges() takes no parameter from a quote that does not end", () => {
  assert.equal(
    parseChallenges('Bearer realm="https://a.example').at(0)?.parameters["realm"] || undefined,
    undefined,
  );
});

Deno.test("parseChallenges() cannot be made to change objects", () => {
  const [challenge] = parseChallenges('Bearer __proto__="x",constructor="y",realm="r"');
  assert.equal(challenge?.parameters["realm"], "r");
  assert.equal(Object.getPrototypeOf(challenge?.parameters), Object.prototype);
});
