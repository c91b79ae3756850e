import assert from "node:assert/strict";
import fc from "fast-check";
import { withDigest } from "../../../lib/registry/upload_location.ts";

const DIGEST = `sha256:${"ab".repeat(32)}`;

const queries = fc.stringMatching(/^(\?[a-z0-9?&=+%;,:@!$*()._~/|^-]{0,12})?$/);

Deno.test("withDigest() keeps any path and query byte for byte and names the digest once", () => {
  fc.assert(fc.property(queries, (query) => {
    const location = new URL(`https://r.example/v2/a%2Fb/blobs/uploads/1${query}`);
    const url = withDigest(location, DIGEST);
    assert.equal(url.origin + url.pathname, location.origin + location.pathname);
    assert.ok(url.search.startsWith(location.search || "?"), url.href);
    assert.equal(
      url.search.slice(location.search.length).replace(/^[?&]/, ""),
      `digest=${encodeURIComponent(DIGEST)}`,
    );
    assert.deepEqual(url.searchParams.getAll("digest").at(-1), DIGEST);
  }));
});
