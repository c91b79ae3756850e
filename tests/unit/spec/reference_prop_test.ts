import assert from "node:assert/strict";
import fc from "fast-check";
import { isPusherError } from "../../../lib/errors.ts";
import { formatReference, parseReference } from "../../../lib/spec/reference.ts";

const hex = (length: number): fc.Arbitrary<string> => fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`));
const registries = fc.oneof(
  fc.constantFrom("docker.io", "localhost", "localhost:5000", "[::1]:5000", "UPPER", "xn--n3h.com"),
  fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?\.[a-z]{2,5}(:[1-9][0-9]{0,3})?$/),
);
const repositories = fc.stringMatching(
  /^[a-z0-9]{1,5}((\.|_|__|-{1,3})[a-z0-9]{1,4}){0,2}(\/[a-z0-9]{1,5}){0,3}$/,
);
const tags = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/);
const digests = fc.oneof(
  hex(64).map((digits) => `sha256:${digits}`),
  hex(128).map((digits) => `sha512:${digits}`),
);
const optional = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(values, { nil: undefined });

Deno.test("parseReference() finds the parts that a full reference was put together from", () => {
  fc.assert(
    fc.property(
      registries,
      repositories,
      optional(tags),
      optional(digests),
      (registry, repository, tag, digest) => {
        const text = `${registry}/${repository}${tag ? `:${tag}` : ""}${digest ? `@${digest}` : ""}`;
        const isFamiliar = registry === "docker.io" && !repository.includes("/");
        const path = isFamiliar ? `library/${repository}` : repository;
        assert.deepEqual(parseReference(text), { registry, repository: path, tag, digest });
      },
    ),
  );
});

Deno.test("formatReference() writes what parseReference() reads again, from any text it takes", () => {
  const pieces = fc.constantFrom(
    "a",
    "B",
    "0",
    ".",
    "-",
    "_",
    "/",
    ":",
    "@",
    "[",
    "]",
    "::1",
    "docker.io",
    "localhost",
  );
  const texts = fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(texts, (text) => {
      let reference;
      try {
        reference = parseReference(text);
      } catch (error) {
        return assert.ok(isPusherError(error, "REFERENCE_INVALID"), String(error));
      }
      assert.deepEqual(parseReference(formatReference(reference)), reference);
      assert.ok(URL.canParse(`https://${reference.registry}/v2/${reference.repository}/`), text);
    }),
    { numRuns: 2_000 },
  );
});
