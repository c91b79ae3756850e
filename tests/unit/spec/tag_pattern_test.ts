import assert from "node:assert/strict";
import { sha256Digest } from "../../../lib/spec/digest.ts";
import { attachmentTags, isTagPattern, matchTags } from "../../../lib/spec/tag_pattern.ts";

const HEX = "ab".repeat(32);
const DIGEST = sha256Digest(HEX);

Deno.test("isTagPattern() tells patterns from tags and from what could be neither", () => {
  for (const pattern of ["*", "1.*", "v?", "*-alpine", "?*?", "a**b"]) {
    assert.equal(isTagPattern(pattern), true, pattern);
  }
  for (const text of ["1.0", "", "a b*", ".*", "-?", "[ab]*", "*".repeat(129)]) {
    assert.equal(isTagPattern(text), false, text);
  }
});

Deno.test("matchTags() takes * for any characters and ? for one, and sorts", () => {
  const tags = ["v1.10", "1.0", "v1.2", "v1x2", "latest", "1.0"];
  const cases: [pattern: string, matching: string[]][] = [
    ["*", ["1.0", "latest", "v1.10", "v1.2", "v1x2"]],
    ["v1.*", ["v1.10", "v1.2"]],
    ["v1.?", ["v1.2"]],
    ["*1*2", ["v1.2", "v1x2"]],
    ["1.0*", ["1.0"]],
    ["x*", []],
  ];
  for (const [pattern, matching] of cases) assert.deepEqual(matchTags(tags, pattern), matching, pattern);
});

Deno.test("matchTags() leaves out what only belongs to images, unless that is what is asked for", () => {
  const attached = [`sha256-${HEX}`, `sha256-${HEX}.sig`, `sha512-${HEX}.sbom`];
  assert.deepEqual(matchTags([...attached, "sha256-short", "1"], "*"), ["1", "sha256-short"]);
  assert.deepEqual(matchTags([...attached, "1"], "sha256-*.sig"), [`sha256-${HEX}.sig`]);
});

Deno.test("attachmentTags() gives cosign's names for what belongs to a digest", () => {
  assert.deepEqual(attachmentTags(DIGEST), ["sig", "att", "sbom"].map((suffix) => `sha256-${HEX}.${suffix}`));
});
