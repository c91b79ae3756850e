import assert from "node:assert/strict";
import { isPusherError } from "../../../lib/errors.ts";
import {
  formatReference,
  formatRepository,
  isTag,
  parseReference,
  parseRegistry,
  withDefaultTag,
} from "../../../lib/spec/reference.ts";

const HEX = "0123456789abcdef".repeat(4);
const DIGEST = `sha256:${HEX}`;
const NOT_HEX = "xyzw".repeat(16);
/** A path of exactly this many characters, without a slash. */
const path = (length: number): string => "a".repeat(length);

// What docker's own library (distribution/reference) takes, as `text → full form`.
const VALID: [string, string][] = [
  ["debian", "docker.io/library/debian"],
  ["library/debian", "docker.io/library/debian"],
  ["docker.io/debian", "docker.io/library/debian"],
  ["docker.io/library/debian", "docker.io/library/debian"],
  ["index.docker.io/debian", "docker.io/library/debian"],
  ["index.docker.io/library/debian", "docker.io/library/debian"],
  ["registry-1.docker.io/team/app", "docker.io/team/app"],
  ["localhost/debian", "localhost/debian"],
  ["localhost", "docker.io/library/localhost"],
  ["localhost:5000", "docker.io/library/localhost:5000"],
  ["localhost/library/debian", "localhost/library/debian"],
  ["LOCALDOMAIN/debian", "LOCALDOMAIN/debian"],
  ["Docker/docker", "Docker/docker"],
  ["127.0.0.1:5000/debian", "127.0.0.1:5000/debian"],
  ["127.0.0.1:5000/library/debian", "127.0.0.1:5000/library/debian"],
  ["192.168.0.1", "docker.io/library/192.168.0.1"],
  ["192.168.0.1:80", "docker.io/library/192.168.0.1:80"],
  ["192.168.0.1:8/debian", "192.168.0.1:8/debian"],
  ["192.168.1.1:5000/repo:5050", "192.168.1.1:5000/repo:5050"],
  ["[fc00::1]:5000/docker", "[fc00::1]:5000/docker"],
  ["[2001:db8::1]/repo", "[2001:db8::1]/repo"],
  ["[::1]:5000/repo", "[::1]:5000/repo"],
  ["docker---rules/docker", "docker.io/docker---rules/docker"],
  ["dock__er/docker", "docker.io/dock__er/docker"],
  ["d/docker", "docker.io/d/docker"],
  ["jess/t", "docker.io/jess/t"],
  [NOT_HEX, `docker.io/library/${NOT_HEX}`],
  [`docker.io/${HEX}`, `docker.io/library/${HEX}`],
  ["xn--n3h.com/myimage:xn--n3h.com", "xn--n3h.com/myimage:xn--n3h.com"],
  ["foo_bar.com:8080", "docker.io/library/foo_bar.com:8080"],
  ["foo/foo_bar.com:8080", "docker.io/foo/foo_bar.com:8080"],
  [`r.example/${path(255)}`, `r.example/${path(255)}`],
  [path(247), `docker.io/library/${path(247)}`],
  [`app:1@${DIGEST}`, `docker.io/library/app:1@${DIGEST}`],
  [`app@${DIGEST}`, `docker.io/library/app@${DIGEST}`],
  [`app@sha512:${HEX}${HEX}`, `docker.io/library/app@sha512:${HEX}${HEX}`],
  ["test:5000/repo", "test:5000/repo"],
  [`test:5000/repo:tag@${DIGEST}`, `test:5000/repo:tag@${DIGEST}`],
  ["lowercase:Uppercase", "docker.io/library/lowercase:Uppercase"],
  [`app:${"T".repeat(128)}`, `docker.io/library/app:${"T".repeat(128)}`],
  ["app:_1.2-3", "docker.io/library/app:_1.2-3"],
  ["a/b/c/d/e:1", "docker.io/a/b/c/d/e:1"],
];

const INVALID: string[] = [
  "",
  ":justtag",
  `@${DIGEST}`,
  "Uppercase:tag",
  "docker/Docker",
  "test:5000/Uppercase/lowercase:tag",
  "-docker",
  "-docker/docker",
  "-docker.io/docker/docker",
  "docker///docker",
  "docker.io/docker/Docker",
  "docker.io/docker///docker",
  "https://github.com/docker/docker",
  "docker://alpine",
  HEX,
  "[fc00::1]",
  "[fc00::1]:5000",
  "fc00::1:5000/debian",
  "[fe80::1%eth0]:5000/debian",
  "[2001:db8:3:4::192.0.2.33]:5000/debian",
  "aa/asdf$$^/aa",
  `app@sha256:${HEX.slice(1)}`,
  `app@sha256:${HEX.toUpperCase()}`,
  `app@sha512:${HEX}`,
  `app@md5:${HEX}`,
  "app@",
  `app@${DIGEST}@${DIGEST}`,
  `app@${DIGEST}\n`,
  `r.example/${path(256)}`,
  path(256),
  `app:${"t".repeat(129)}`,
  "app:",
  "app:1:2",
  "app:-1",
  "app:.1",
  "app:a/b",
  "app\n",
  "app:1\n",
  " app",
  "a//b",
  "a/",
  "/a",
  "r.example/",
  "r.example:5000/",
  "r.example:/app",
  "r.example:port/app",
  "a..b/app:1",
  "app._x",
  "dock___er/docker",
  "../app",
  "r.example/../app",
  "r.example/app%2e",
  "app?x",
  "ünï/app",
  "r.example /app",
  "user@r.example/app",
  "r_x.example/app",
];

Deno.test("parseReference() reads what docker reads, and writes it in full", () => {
  for (const [text, full] of VALID) assert.equal(formatReference(parseReference(text)), full, text);
});

Deno.test("parseReference() gives the same parts for the full form", () => {
  for (const [text, full] of VALID) assert.deepEqual(parseReference(full), parseReference(text), text);
});

Deno.test("parseReference() refuses what docker refuses, with a hint", () => {
  for (const text of INVALID) {
    assert.throws(() => parseReference(text), (error) => {
      assert.ok(isPusherError(error, "REFERENCE_INVALID"), `${JSON.stringify(text)}: ${error}`);
      assert.equal(error.detail.reference, text);
      assert.ok(error.hint);
      return true;
    }, JSON.stringify(text));
  }
});

Deno.test("parseReference() counts library/ as part of a path's length, as docker does", () => {
  for (const text of [path(248), path(255), `docker.io/${path(248)}`]) {
    assert.throws(() => parseReference(text), /longer than 255/, String(text.length));
  }
});

Deno.test("parseReference() refuses a host that no URL can have", () => {
  const hosts = ["[:]", "[::::]", "[1::2::3]", "localhost:99999", "256.256.256.256", "1.2.3.4.5", "xn--a.b"];
  for (const host of hosts) {
    assert.throws(() => parseReference(`${host}/app`), /is not a host/, host);
    assert.throws(() => parseRegistry(host), /is not a host/, host);
  }
});

Deno.test("parseReference() says what is wrong in words of its own", () => {
  const cases: [string, RegExp][] = [
    ["docker/Docker", /lower case/],
    ["https://r.example/app", /scheme/],
    ["docker://r.example/app", /scheme/],
    [HEX, /image ID/],
    ["r.example/", /names no repository/],
    ["app:-1", /"-1" is not a tag/],
    ["r_x.example/app", /"r_x.example" is not a host/],
    ["app@sha256:1", /digest is not/],
  ];
  for (const [text, reason] of cases) assert.throws(() => parseReference(text), { message: reason }, text);
});

Deno.test("parseReference() shows hostile text without obeying it", () => {
  assert.throws(() => parseReference("a\x1b[2J:\u202etag"), (error) => {
    assert.ok(isPusherError(error));
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(error.message, /[\x1b\u202e]/);
    return true;
  });
});

Deno.test("parseReference() refuses megabytes of hostile text without trying for long", () => {
  const texts = ["a/", "a-", "a.", "x.", "[::", "a@", "a:", "__"].map((part) => part.repeat(2 ** 20) + "!");
  for (const text of texts) {
    assert.throws(() => parseReference(text), (error) => isPusherError(error, "REFERENCE_INVALID"));
  }
});

Deno.test("parseRegistry() reads host and path", () => {
  const cases: [string, string, string][] = [
    ["r.example", "r.example", ""],
    ["r.example:5000/", "r.example:5000", ""],
    ["r.example:5000/team/x//", "r.example:5000", "team/x"],
    ["localhost", "localhost", ""],
    ["myhost", "myhost", ""],
    ["[::1]:5000/team", "[::1]:5000", "team"],
    ["index.docker.io", "docker.io", ""],
    ["registry-1.docker.io/me", "docker.io", "me"],
  ];
  for (const [text, registry, prefix] of cases) {
    assert.deepEqual(parseRegistry(text), { registry, prefix }, text);
  }
});

Deno.test("parseRegistry() refuses what is not a host and a path", () => {
  const texts = [
    "",
    "/",
    "https://r.example",
    "r.example/Team",
    "r.example/team:1",
    "::1",
    "a b",
    "u:p@r.example",
  ];
  for (const text of texts) {
    assert.throws(() => parseRegistry(text), (error) => isPusherError(error, "REFERENCE_INVALID"), text);
  }
});

Deno.test("withDefaultTag() adds latest only where nothing says which", () => {
  assert.equal(formatReference(withDefaultTag(parseReference("app"))), "docker.io/library/app:latest");
  for (const text of ["app:1", `app@${DIGEST}`, `app:1@${DIGEST}`]) {
    assert.deepEqual(withDefaultTag(parseReference(text)), parseReference(text));
  }
});

Deno.test("formatRepository() leaves tag and digest out", () => {
  assert.equal(formatRepository(parseReference(`r.example:5000/a/b:1@${DIGEST}`)), "r.example:5000/a/b");
});

Deno.test("isTag() takes what can stand after the colon", () => {
  for (const text of ["latest", "1.0", "_", "A-b_c.d", "x".repeat(128)]) {
    assert.equal(isTag(text), true, text);
  }
  for (const text of ["", ".a", "-a", "a b", "a/b", "a:b", "x".repeat(129), "é", "a\n"]) {
    assert.equal(isTag(text), false, JSON.stringify(text));
  }
});
