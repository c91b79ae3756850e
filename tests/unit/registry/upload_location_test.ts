import assert from "node:assert/strict";
import { isPusherError } from "../../../lib/errors.ts";
import type { RegistryRequest } from "../../../lib/registry/registry_request.ts";
import { uploadLocation, withDigest } from "../../../lib/registry/upload_location.ts";

const DIGEST = `sha256:${"ab".repeat(32)}`;
const UPLOADS = "v2/team/app/blobs/uploads/";

/** Where an upload to this registry goes next, after an answer with this Location. */
function located(location: string | undefined, registry = "https://r.example/"): string | undefined {
  const headers: HeadersInit = location === undefined ? {} : { location };
  const request: RegistryRequest = {
    method: "POST",
    url: new URL(UPLOADS, registry),
    scopes: [],
    signal: new AbortController().signal,
  };
  return uploadLocation(new Response(null, { status: 202, headers }), request, new URL(registry))?.href;
}

Deno.test("uploadLocation() takes a Location as it is, resolved against the request", () => {
  const uuid = "0b0f-1";
  const cases: [string, string][] = [
    [`https://r.example/${UPLOADS}${uuid}?_state=x`, `https://r.example/${UPLOADS}${uuid}?_state=x`],
    [`/${UPLOADS}${uuid}?_state=x`, `https://r.example/${UPLOADS}${uuid}?_state=x`],
    ["/v2/team/app/blobs/upload/1", "https://r.example/v2/team/app/blobs/upload/1"],
    [uuid, `https://r.example/${UPLOADS}${uuid}`],
    ["?_state=x", `https://r.example/${UPLOADS}?_state=x`],
    ["//r.example/x", "https://r.example/x"],
    ["//uploads.example/x", "https://uploads.example/x"],
    ["https://uploads.example:8443/x?sig=1", "https://uploads.example:8443/x?sig=1"],
  ];
  for (const [location, url] of cases) assert.equal(located(location), url, location);
  assert.equal(located(undefined), undefined);
});

Deno.test("uploadLocation() leaves the session's state untouched, byte for byte", () => {
  const queries = [
    "_nouploadcache=false&_state=aGk_-%2B%2f%3D==",
    "z=1&a=2&z=3",
    "a=b+c%20d%2Be",
    "token=a/b:c@d!$()*,;~",
    "empty=&flag",
    "upper=%C3%A9&lower=%c3%a9",
    "x=%zz%",
  ];
  for (const query of queries) {
    assert.equal(located(`/${UPLOADS}1?${query}`), `https://r.example/${UPLOADS}1?${query}`);
    assert.equal(located(`/v2/a%2Fb/1?${query}`), `https://r.example/v2/a%2Fb/1?${query}`);
  }
});

Deno.test("uploadLocation() mends what reverse proxies lose of the registry's own address", () => {
  const cases: [string, string, string][] = [
    // A lost https.
    ["https://r.example/", "http://r.example/u/1?s=1", "https://r.example/u/1?s=1"],
    ["https://r.example:8443/", "http://r.example/u/1", "https://r.example:8443/u/1"],
    ["https://r.example:8443/", "http://r.example:8443/u/1", "https://r.example:8443/u/1"],
    ["https://r.example/", "http://r.example:5000/u/1", "https://r.example/u/1"],
    ["https://[::1]:8443/", "http://[::1]/u/1", "https://[::1]:8443/u/1"],
    // A lost port.
    ["https://r.example:8443/", "https://r.example/u/1", "https://r.example:8443/u/1"],
    ["http://r.example:5000/", "http://r.example/u/1", "http://r.example:5000/u/1"],
    // Nothing lost.
    ["http://r.example:5000/", "http://r.example:5001/u/1", "http://r.example:5001/u/1"],
    ["http://r.example:5000/", "https://r.example/u/1", "https://r.example/u/1"],
    ["https://r.example:8443/", "https://other.example/u/1", "https://other.example/u/1"],
  ];
  for (const [registry, location, url] of cases) assert.equal(located(location, registry), url, location);
});

Deno.test("uploadLocation() refuses to send a blob where a registry should not send it", () => {
  const locations = [
    "http://other.example/u/1",
    "https://10.0.0.1/u/1",
    "https://localhost/u/1",
    "https://user:pw@r.example/u/1",
    "ftp://r.example/u/1",
    "https://",
    "http://[::1",
  ];
  for (const location of locations) {
    assert.throws(() => located(location), (error) => {
      assert.ok(isPusherError(error, "REGISTRY_UNSUPPORTED"), location);
      assert.equal(error.retryable, false);
      assert.doesNotMatch(error.message, /pw/);
      return true;
    }, location);
  }
});

Deno.test("withDigest() adds the digest and leaves the rest alone", () => {
  const digest = "digest=sha256%3A" + "ab".repeat(32);
  const cases: [string, string][] = [
    ["https://r.example/u/1", `https://r.example/u/1?${digest}`],
    ["https://r.example/u/1?", `https://r.example/u/1?${digest}`],
    ["https://r.example/u/1?_state=x%2F==", `https://r.example/u/1?_state=x%2F==&${digest}`],
    ["https://r.example/u/1?_state=x&", `https://r.example/u/1?_state=x&${digest}`],
    ["https://r.example/u/1?a=b+c&a=%zz|^`", `https://r.example/u/1?a=b+c&a=%zz|^\`&${digest}`],
    ["https://r.example/u/1?_state=x#part", `https://r.example/u/1?_state=x&${digest}#part`],
    ["https://r.example/u/1#part", `https://r.example/u/1?${digest}#part`],
  ];
  for (const [location, url] of cases) {
    const given = new URL(location);
    assert.equal(withDigest(given, DIGEST).href, url, location);
    assert.equal(given.href, location, "the location itself is not changed");
  }
});
