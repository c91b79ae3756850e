import fc from "fast-check";
import assert from "node:assert/strict";
import { matchingKeys } from "../../../lib/credentials/auth_keys.ts";

const label = fc.stringMatching(/^[ab]{1,2}$/);
const host = fc.tuple(
  fc.array(label, { minLength: 1, maxLength: 3 }),
  fc.option(fc.integer({ min: 1, max: 2 })),
)
  .map(([labels, port]) => labels.join(".") + (port === null ? "" : `:${port}`));
const path = fc.array(label, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
const key = fc.tuple(
  fc.constantFrom("", "https://", "http://"),
  host,
  fc.option(path, { nil: "" }),
  fc.constantFrom("", "/"),
)
  .map(([scheme, host, path, end]) => `${scheme}${host}${path && `/${path}`}${end}`);

Deno.test("matchingKeys() gives no login to another host or to a repository beside its namespace", () => {
  fc.assert(fc.property(fc.array(key), host, path, (keys, registry, repository) => {
    for (const match of matchingKeys(keys, { registry, repository })) {
      const [matchedHost, ...namespace] = match.replace(/^https?:\/\//, "").replace(/\/$/, "").split("/");
      assert.equal(matchedHost, registry);
      const isUrl = match.includes("://");
      assert.ok(isUrl || `${repository}/`.startsWith(namespace.length > 0 ? `${namespace.join("/")}/` : ""));
    }
  }));
});

Deno.test("matchingKeys() finds the key of a repository and of each of its parents, the longest first", () => {
  fc.assert(fc.property(host, path, (registry, repository) => {
    const parts = repository.split("/");
    const keys = parts.map((_, at) => [registry, ...parts.slice(0, at + 1)].join("/"));
    const found = matchingKeys([registry, ...keys], { registry, repository });
    assert.deepEqual(found, [...keys.reverse(), registry]);
  }));
});
