import assert from "node:assert/strict";
import { isPusherError, type PusherError } from "../../../lib/errors.ts";
import { parseRetryAfter, registryError } from "../../../lib/registry/registry_error.ts";
import type { RegistryRequest } from "../../../lib/registry/registry_request.ts";
import { request } from "./stub_exchange.ts";

const NOW_MS = Date.parse("2026-11-22T12:00:00Z");
const DIGEST = `sha256:${"ab".repeat(32)}`;
const OTHER = `sha256:${"cd".repeat(32)}`;

interface Asked {
  status?: number;
  body?: BodyInit | null;
  headers?: HeadersInit;
  hasCredentials?: boolean;
  method?: RegistryRequest["method"];
  path?: string;
}

async function errorOf(asked: Asked): Promise<PusherError> {
  const { status = 400, body = null, headers = {}, method = "PUT", path = "v2/app/manifests/1" } = asked;
  const response = new Response(body, { status, headers });
  const error = await registryError(
    response,
    request(
      method,
      `https://r.example/${path}?_state=SECRET`,
      method === "GET" ? {} : { body: new Uint8Array(1) },
    ),
    {
      action: 'push "r.example/app:1"',
      registry: "r.example",
      repository: "app",
      hasCredentials: asked.hasCredentials ?? true,
      nowMs: NOW_MS,
    },
  );
  assert.ok(response.bodyUsed || response.body === null, "the answer's body is read or let go of");
  assert.doesNotMatch(JSON.stringify([error.message, error.detail]), /SECRET/);
  return error;
}

const CANNOT = 'Cannot push "r.example/app:1": the registry answered';
const json = (value: unknown): string => JSON.stringify(value);

Deno.test("registryError() says what the registry said, in every form it may say it", async () => {
  const cases: [string, BodyInit | null, string][] = [
    [
      "the spec's JSON",
      json({ errors: [{ code: "TAG_INVALID", message: "tag is immutable" }] }),
      "400 TAG_INVALID: tag is immutable",
    ],
    [
      "several errors",
      json({ errors: [{ code: "A", message: "first" }, { code: "B", message: "second" }, { code: "A" }] }),
      "400 A, B: first",
    ],
    ["an error without code", json({ errors: [{ message: "no idea" }] }), "400 no idea"],
    ["an error without text", json({ errors: [{ code: "DENIED" }] }), "400 DENIED"],
    [
      "docker hub's message",
      json({ message: "toomanyrequests: slow down" }),
      "400 toomanyrequests: slow down",
    ],
    ["docker hub's details", json({ details: "incorrect username" }), "400 incorrect username"],
    ["a token server's error", json({ error: "invalid_grant" }), "400 invalid_grant"],
    [
      "a token server's description",
      json({ error: "invalid_grant", error_description: "refresh token has expired" }),
      "400 refresh token has expired",
    ],
    ["an empty list", json({ errors: [], message: "x" }), "400 x"],
    ["errors of another kind", json({ errors: ["x", null, 1] }), "400"],
    ["an error that is an object", json({ errors: { code: "A" } }), "400"],
    ["codes that are not text", json({ errors: [{ code: 7, message: { a: 1 } }] }), "400"],
    ["JSON text", json("words"), '400 "words"'],
    ["plain text", " Bad Gateway\n", "400 Bad Gateway"],
    ["what is no text", new Uint8Array([0x1f, 0x8b, 0x08, 0xff, 0x41]), "400"],
    [
      "a page with a title",
      "<html><head><title>413 Too Large</title></head><body>x</body>",
      "400 413 Too Large",
    ],
    ["a page without", "<!DOCTYPE html><p>secret page", "400"],
    ["nothing", null, "400"],
    ["an empty text", "", "400"],
    ["bytes that are no text", new Uint8Array([0x3c, 0xff, 0xfe]), "400"],
  ];
  for (const [what, body, said] of cases) {
    assert.equal((await errorOf({ body })).message, `${CANNOT} ${said}`, what);
  }
});

Deno.test("registryError() shows escape sequences instead of sending them to the terminal", async () => {
  const bodies = [
    json({ errors: [{ code: "\x1b[31mX", message: "\x1b]0;title\x07 \u202e" }] }),
    "plain \x1b[2J",
    "<title>\x1b[2J</title>",
    json({ message: "\x9b2J\r\n" }),
  ];
  for (const body of bodies) {
    const { message, detail } = await errorOf({ body });
    // deno-lint-ignore no-control-regex
    const control = /[\x00-\x1f\x7f-\x9f\u202e]/;
    assert.doesNotMatch(message, control);
    assert.ok("errorCodes" in detail);
    for (const code of detail.errorCodes) assert.doesNotMatch(code, control);
  }
});

Deno.test("registryError() reads no more than it needs of an endless body", async () => {
  let givenBytes = 0;
  let isCanceled = false;
  const endless = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      givenBytes += 2 ** 14;
      controller.enqueue(new Uint8Array(2 ** 14).fill(0x41));
    },
    cancel() {
      isCanceled = true;
    },
  });
  const { message } = await errorOf({ status: 502, body: endless });
  assert.ok(givenBytes <= 2 ** 18, `${givenBytes} bytes were taken`);
  assert.equal(isCanceled, true);
  assert.ok(message.length < 600);
});

Deno.test("registryError() stands by the status when the body breaks off", async () => {
  const broken = new ReadableStream({ pull: (controller) => controller.error(new Error("reset")) });
  const error = await errorOf({ status: 503, body: broken });
  assert.equal(error.code, "REGISTRY_UNAVAILABLE");
});

Deno.test("registryError() decides by the status who is to act, and whether to try again", async () => {
  const cases: [number, boolean, string, boolean][] = [
    [400, true, "REGISTRY_REJECTED", false],
    [401, true, "AUTH_DENIED", false],
    [401, false, "AUTH_REQUIRED", false],
    [403, true, "AUTH_DENIED", false],
    [403, false, "AUTH_DENIED", false],
    [404, true, "REGISTRY_REJECTED", false],
    [405, true, "REGISTRY_REJECTED", false],
    [408, true, "REGISTRY_UNAVAILABLE", true],
    [409, true, "REGISTRY_REJECTED", false],
    [413, true, "REGISTRY_REJECTED", false],
    [415, true, "REGISTRY_REJECTED", false],
    [416, true, "REGISTRY_REJECTED", false],
    [429, true, "REGISTRY_UNAVAILABLE", true],
    [499, true, "REGISTRY_UNAVAILABLE", true],
    [500, true, "REGISTRY_UNAVAILABLE", true],
    [501, true, "REGISTRY_REJECTED", false],
    [502, true, "REGISTRY_UNAVAILABLE", true],
    [503, true, "REGISTRY_UNAVAILABLE", true],
    [504, true, "REGISTRY_UNAVAILABLE", true],
    [507, true, "REGISTRY_REJECTED", false],
    [522, true, "REGISTRY_UNAVAILABLE", true],
    [307, true, "REGISTRY_REJECTED", false],
  ];
  for (const [status, hasCredentials, code, retryable] of cases) {
    const error = await errorOf({ status, hasCredentials });
    assert.deepEqual([error.code, error.retryable], [code, retryable], String(status));
    assert.ok("status" in error.detail && error.detail.status === status);
    if (code.startsWith("AUTH")) {
      assert.deepEqual(error.detail, { registry: "r.example", repository: "app", status });
    }
    assert.match(error.hint ?? "", /^[A-Z].*\.$/s, "the hint is a sentence");
  }
});

Deno.test("registryError() hints at what helps", async () => {
  const immutable = json({ errors: [{ code: "TAG_INVALID", message: "immutable" }] });
  const unknown = json({ errors: [{ code: "BLOB_UNKNOWN" }] });
  const blobPath = `v2/app/blobs/${DIGEST}`;
  const cases: [Asked, RegExp][] = [
    [{ status: 401, hasCredentials: false }, /docker-image-pusher login r\.example/],
    [{ status: 401 }, /^Check the user name and the password, and that this user has access to "app"/],
    [{ status: 403 }, /may write to "app"/],
    [{ status: 404, method: "POST", path: "v2/app/blobs/uploads/" }, /Check that "app" exists/],
    [{ status: 405, method: "POST", path: "v2/app/blobs/uploads/" }, /read-only, or a mirror/],
    [{ status: 400, body: immutable }, /another tag/],
    [{ status: 409 }, /another tag/],
    [{ status: 412 }, /another tag/],
    [{ status: 413, method: "PATCH", path: "v2/app/blobs/uploads/1" }, /--blob-chunk/],
    [{ status: 413, method: "PUT", path: "v2/app/blobs/uploads/1" }, /--blob-chunk/],
    [{ status: 413, method: "PUT", path: "v2/team/manifests/app/blobs/uploads/1" }, /--blob-chunk/],
    [{ status: 413 }, /size of manifests/],
    [{ status: 429 }, /--concurrency/],
    [{ status: 500 }, /try again later/],
    [{ status: 400 }, /does not accept this manifest/],
    [{ status: 400, method: "GET", path: "v2/" }, /--debug/],
    [{ status: 418, method: "GET" }, /--debug/],
    [{ status: 404, method: "GET", path: blobPath, body: unknown }, /push the image there again\.$/],
    [{ status: 416, method: "PATCH", path: "v2/app/blobs/uploads/1" }, /--no-resume/],
    [{ status: 416, method: "GET", path: blobPath }, /--debug/],
    [{ status: 429, method: "GET" }, /: wait\.$/],
    [{ status: 429, headers: { "retry-after": "3600" } }, /\. It asks to wait 3600 seconds\.$/],
    [{ status: 429, method: "GET", hasCredentials: false }, /wait, or run ".*login r\.example"/],
  ];
  for (const [asked, hint] of cases) {
    assert.match((await errorOf(asked)).hint ?? "", hint, JSON.stringify(asked));
  }
});

Deno.test("registryError() finds the digests a registry does not know, in both forms", async () => {
  const body = json({
    errors: [
      { code: "MANIFEST_BLOB_UNKNOWN", detail: DIGEST },
      { code: "MANIFEST_BLOB_UNKNOWN", detail: { digest: OTHER } },
      { code: "BLOB_UNKNOWN", detail: { Digest: DIGEST } },
      { code: "MANIFEST_BLOB_UNKNOWN", detail: "sha256:../../x" },
      { code: "MANIFEST_BLOB_UNKNOWN", detail: ["x"] },
      { code: "MANIFEST_BLOB_UNKNOWN", detail: null },
      { code: "MANIFEST_BLOB_UNKNOWN" },
    ],
  });
  const error = await errorOf({ body });
  assert.ok(isPusherError(error, "REGISTRY_REJECTED"));
  assert.deepEqual(error.detail.errorCodes, ["MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN"]);
  assert.deepEqual([...new Set(error.detail.unknownDigests)], [DIGEST, OTHER]);
  assert.equal(error.detail.request, "PUT /v2/app/manifests/1");
});

Deno.test("registryError() takes over Retry-After where asking again may help", async () => {
  const headers = { "retry-after": "120" };
  const busy = await errorOf({ status: 429, headers });
  assert.ok(isPusherError(busy, "REGISTRY_UNAVAILABLE"));
  assert.equal(busy.detail.retryAfterMs, 120_000);
  const silent = await errorOf({ status: 503 });
  assert.equal("retryAfterMs" in silent.detail, false);
  assert.equal("retryAfterMs" in (await errorOf({ status: 400, headers })).detail, false);
});

Deno.test("parseRetryAfter() reads seconds and dates, and nothing else", () => {
  const cases: [string | null, number | undefined][] = [
    [null, undefined],
    ["0", undefined],
    ["1", 1_000],
    [" 30 ", 30_000],
    ["86400", 86_400_000],
    ["Sun, 22 Nov 2026 12:00:10 GMT", 10_000],
    ["Sunday, 22-Nov-26 12:00:10 GMT", 10_000],
    ["Sun, 22 Nov 2026 11:59:59 GMT", undefined],
    ["Sun, 22 Nov 2026 12:00:00 GMT", undefined],
    ["-1", undefined],
    ["1.5", undefined],
    ["1e3", undefined],
    ["soon", undefined],
    ["", undefined],
    ["30s", undefined],
    ["30, 30", undefined],
    ["foo 2099", undefined],
    ["2099", 2_099_000],
  ];
  for (const [header, delayMs] of cases) {
    assert.equal(parseRetryAfter(header, NOW_MS), delayMs, String(header));
  }
});

Deno.test("parseRetryAfter() does not take a wait of years for none", () => {
  for (const header of ["99999999999", "9".repeat(400), "Fri, 31 Dec 2100 23:59:59 GMT"]) {
    const delayMs = parseRetryAfter(header, NOW_MS);
    assert.ok(delayMs !== undefined && delayMs > 365 * 86_400_000 && Number.isFinite(delayMs), header);
  }
});

Deno.test("registryError() tells a login that may not do enough from a wrong one", async () => {
  const headers = { "www-authenticate": 'Bearer realm="x",scope="a:b:push",error="insufficient_scope"' };
  const purpose = {
    action: "push",
    registry: "r.example",
    repository: "app",
    hasCredentials: true,
    nowMs: 0,
  };
  const asked = request("GET", "https://r.example/v2/");
  const answer = (status: number): Response => new Response("", { status, headers });
  const known = await registryError(answer(401), asked, purpose);
  assert.match(known.hint!, /^This login is known, but may not do that in "app"/);
  for (const status of [401, 403]) {
    const anonymous = await registryError(answer(status), asked, { ...purpose, hasCredentials: false });
    assert.match(anonymous.hint!, /^Run "docker-image-pusher login r\.example"/);
  }
});
