import assert from "node:assert/strict";
import { isPusherError, PusherError } from "../../../lib/errors.ts";
import { Repository } from "../../../lib/registry/repository.ts";
import type { Descriptor } from "../../../lib/spec/descriptor.ts";
import { digestOf, sha256Digest } from "../../../lib/spec/digest.ts";
import { MEDIA_TYPE } from "../../../lib/spec/media_type.ts";
import { answersInTurn, type StubExchange, stubExchange, stubSession } from "./stub_exchange.ts";

const HEX = "ab".repeat(32);
const OTHER_DIGEST = `sha256:${"cd".repeat(32)}`;
const BLOB: Descriptor = { mediaType: MEDIA_TYPE.ociLayer, digest: sha256Digest(HEX), size: 1234 };
const MANIFEST: Descriptor = { mediaType: MEDIA_TYPE.ociManifest, digest: sha256Digest(HEX), size: 2 };
const BYTES = new TextEncoder().encode("{}");
const SIGNAL = new AbortController().signal;

function repository(stub: StubExchange, path = "team/app"): Repository {
  return new Repository(stubSession(stub.exchange), path);
}

/** An answer whose words nobody needs; they have to be let go of all the same. */
const empty = (status: number, headers: HeadersInit = {}): () => Response => () =>
  new Response(status === 204 ? null : "words", { status, headers });

Deno.test("hasBlob() believes an answer only where the size fits", async () => {
  const cases: [() => Response, boolean][] = [
    [empty(200, { "content-length": "1234" }), true],
    [empty(200), true],
    [empty(200, { "content-length": "1235" }), false],
    [empty(200, { "content-length": "0" }), false],
    [empty(200, { "content-length": "x" }), false],
    [empty(404), false],
    [empty(405), false],
  ];
  for (const [answer, isThere] of cases) {
    const stub = answersInTurn(answer);
    assert.equal(await repository(stub).hasBlob(BLOB, SIGNAL), isThere);
    const [asked] = stub.requests;
    assert.equal(`${asked?.method} ${asked?.url}`, `HEAD https://r.example/v2/team/app/blobs/sha256:${HEX}`);
    assert.deepEqual(asked?.scopes, ["repository:team/app:pull,push"]);
    assert.equal(stub.unread(), 0);
  }
});

Deno.test("hasBlob() does not take a failure for an absence", async () => {
  for (
    const [status, code] of [
      [401, "AUTH_DENIED"],
      [403, "AUTH_DENIED"],
      [
        503,
        "REGISTRY_UNAVAILABLE",
      ],
      [307, "REGISTRY_REJECTED"],
      [202, "REGISTRY_REJECTED"],
    ] as const
  ) {
    await assert.rejects(repository(answersInTurn(empty(status))).hasBlob(BLOB, SIGNAL), (error) => {
      assert.ok(isPusherError(error, code), `${status}: ${error}`);
      assert.match(error.message, /^Cannot ask "r\.example\/team\/app" for a blob/);
      return true;
    });
  }
});

Deno.test("startUpload() opens a session with an empty POST", async () => {
  const stub = answersInTurn(empty(202, { location: "/v2/team/app/blobs/uploads/1?_state=x", range: "0-0" }));
  const upload = await repository(stub).startUpload(SIGNAL);
  const [asked] = stub.requests;
  assert.equal(`${asked?.method} ${asked?.url}`, "POST https://r.example/v2/team/app/blobs/uploads/");
  assert.ok(asked?.body instanceof Uint8Array && asked.body.length === 0, "it says Content-Length: 0");
  assert.equal(upload?.location, "https://r.example/v2/team/app/blobs/uploads/1?_state=x");
  assert.equal(upload.offsetBytes, 0, "Range: 0-0 of a fresh session is none");
  assert.deepEqual([upload.minChunkBytes, upload.maxChunkBytes], [0, Infinity]);
});

Deno.test("startUpload() takes limits of parts only if they are numbers of bytes", async () => {
  const cases: [string, number | undefined][] = [
    ["10485760", 10485760],
    ["0", undefined],
    ["", undefined],
    ["-5", undefined],
    ["1.5", undefined],
    ["1e3", undefined],
    ["10 MiB", undefined],
    ["0x10", undefined],
    ["Infinity", undefined],
    ["9".repeat(30), undefined],
  ];
  for (const [limit, bytes] of cases) {
    const headers = { location: "/u", "oci-chunk-min-length": limit, "oci-chunk-max-length": limit };
    const upload = await repository(answersInTurn(empty(202, headers))).startUpload(SIGNAL);
    assert.deepEqual([upload?.minChunkBytes, upload?.maxChunkBytes], [bytes ?? 0, bytes ?? Infinity], limit);
  }
});

Deno.test("startUpload() asks for a mount, with the right to read there", async () => {
  const stub = answersInTurn(empty(201));
  const upload = await repository(stub).startUpload(SIGNAL, { digest: BLOB.digest, from: "library/base" });
  assert.equal(upload, undefined);
  assert.equal(stub.unread(), 0);
  const [asked] = stub.requests;
  const query = `mount=sha256:${HEX}&from=library/base`;
  assert.equal(
    `${asked?.method} ${asked?.url}`,
    `POST https://r.example/v2/team/app/blobs/uploads/?${query}`,
  );
  assert.deepEqual(asked?.scopes, ["repository:team/app:pull,push", "repository:library/base:pull"]);
});

Deno.test("startUpload() uses the session that a registry opens instead of a mount", async () => {
  const stub = answersInTurn(empty(202, { location: "/u" }));
  const upload = await repository(stub).startUpload(SIGNAL, { digest: BLOB.digest, from: "base" });
  assert.equal(upload?.location, "https://r.example/u");
  assert.equal(stub.unread(), 0);
  assert.equal(stub.requests.length, 1, "or the first session would be left behind");
});

Deno.test("startUpload() asks without the mount when a registry has anything against it", async () => {
  const answers: (() => Response)[] = [
    ...[400, 401, 403, 404, 405, 500, 200, 307].map((status) => empty(status)),
    empty(202),
    () => {
      throw new PusherError("AUTH_DENIED", "Cannot log in", {
        detail: { registry: "r.example", status: 401 },
      });
    },
  ];
  for (const first of answers) {
    const stub = answersInTurn(first, empty(202, { location: "/u" }));
    const upload = await repository(stub).startUpload(SIGNAL, { digest: BLOB.digest, from: "base" });
    assert.equal(upload?.location, "https://r.example/u");
    const plain = stub.requests[1];
    assert.equal(plain?.url.search, "");
    assert.deepEqual(
      plain?.scopes,
      ["repository:team/app:pull,push"],
      "without the scope that may be the trouble",
    );
    assert.equal(stub.unread(), 0);
  }
});

Deno.test("startUpload() asks no more once it is stopped", async () => {
  const reason = new Error("stopped");
  const controller = new AbortController();
  const stub = stubExchange(() => {
    controller.abort(reason);
    throw new PusherError("NETWORK", "Cannot reach", {
      detail: { registry: "r.example", request: "POST /" },
    });
  });
  await assert.rejects(
    repository(stub).startUpload(controller.signal, { digest: BLOB.digest, from: "base" }),
    reason,
  );
  assert.equal(stub.requests.length, 1);
});

Deno.test("resumeUpload() goes on where a record says", async () => {
  const stub = answersInTurn(empty(204, { range: "0-9", location: "/next" }));
  const location = "https://r.example/u/1?_state=x%2F";
  const upload = repository(stub).resumeUpload({ location, offsetBytes: 5, minChunkBytes: 3 });
  assert.deepEqual([upload.location, upload.offsetBytes, upload.minChunkBytes], [location, 5, 3]);
  assert.equal(stub.requests.length, 0, "nothing is asked yet");
  assert.equal(await upload.recover(20, SIGNAL), true);
  assert.equal(stub.requests[0]?.url.href, location);
  assert.deepEqual([upload.location, upload.offsetBytes], ["https://r.example/next", 10]);
});

Deno.test("startUpload() fails where no session is opened", async () => {
  const cases: [() => Response, string][] = [
    [empty(202), "REGISTRY_UNSUPPORTED"],
    [empty(202, { location: "https://10.0.0.1/u" }), "REGISTRY_UNSUPPORTED"],
    [empty(201, { location: "/v2/team/app/blobs/sha256:x" }), "REGISTRY_REJECTED"],
    [empty(404), "REGISTRY_REJECTED"],
    [empty(401), "AUTH_DENIED"],
    [empty(429), "REGISTRY_UNAVAILABLE"],
  ];
  for (const [answer, code] of cases) {
    const stub = answersInTurn(answer);
    const error = await repository(stub).startUpload(SIGNAL).catch((error) => error);
    assert.ok(isPusherError(error) && error.code === code, String(error));
    assert.match(error.message, /^Cannot upload to "r\.example/);
    assert.equal(stub.unread(), 0);
  }
});

Deno.test("putManifest() sends the very bytes under tag or digest", async () => {
  for (const [tag, path] of [["1.0", "1.0"], [undefined, `sha256:${HEX}`]] as const) {
    const stub = answersInTurn(empty(201, { "docker-content-digest": MANIFEST.digest }));
    await repository(stub).putManifest(MANIFEST, BYTES, tag, SIGNAL);
    assert.equal(stub.unread(), 0);
    const [asked] = stub.requests;
    assert.equal(`${asked?.method} ${asked?.url}`, `PUT https://r.example/v2/team/app/manifests/${path}`);
    assert.equal(asked?.headers?.["content-type"], MEDIA_TYPE.ociManifest);
    assert.equal(asked?.body, BYTES);
  }
});

Deno.test("putManifest() takes every way of saying that it is stored", async () => {
  for (
    const answer of [
      empty(201),
      empty(200),
      empty(202),
      empty(201, { "docker-content-digest": MANIFEST.digest }),
    ]
  ) {
    await repository(answersInTurn(answer)).putManifest(MANIFEST, BYTES, "1", SIGNAL);
  }
});

Deno.test("putManifest() tells when the registry stored something else", async () => {
  for (const stored of [OTHER_DIGEST, "", "\x1b[2J".replace("\x1b", "?")]) {
    const stub = answersInTurn(empty(201, { "docker-content-digest": stored }));
    const error = await repository(stub).putManifest(MANIFEST, BYTES, "1", SIGNAL).catch((error) => error);
    assert.ok(isPusherError(error, "DIGEST_MISMATCH"), String(error));
    assert.deepEqual(error.detail, { expected: MANIFEST.digest, actual: stored });
    assert.equal(error.retryable, false);
  }
});

Deno.test("putManifest() names in its error what it could not push", async () => {
  const refused = (): Response =>
    Response.json({ errors: [{ code: "MANIFEST_BLOB_UNKNOWN", detail: { digest: OTHER_DIGEST } }] }, {
      status: 404,
    });
  for (
    const [tag, shown] of [["1.0", "r.example/team/app:1.0"], [
      undefined,
      `r.example/team/app@sha256:${HEX}`,
    ]] as const
  ) {
    const error = await repository(answersInTurn(refused)).putManifest(MANIFEST, BYTES, tag, SIGNAL).catch((
      e,
    ) => e);
    assert.ok(isPusherError(error, "REGISTRY_REJECTED"));
    assert.ok(error.message.startsWith(`Cannot push "${shown}": the registry answered 404`), error.message);
    assert.deepEqual(error.detail.unknownDigests, [OTHER_DIGEST]);
  }
});

Deno.test("manifestDigest() asks without pulling, for every kind of manifest", async () => {
  const cases: [() => Response, string | undefined][] = [
    [empty(200, { "docker-content-digest": OTHER_DIGEST }), OTHER_DIGEST],
    [empty(404), undefined],
  ];
  for (const [answer, digest] of cases) {
    const stub = answersInTurn(answer);
    assert.equal(await repository(stub).manifestDigest("1.0", SIGNAL), digest);
    assert.equal(stub.unread(), 0);
    const [asked] = stub.requests;
    assert.equal(`${asked?.method} ${asked?.url}`, "HEAD https://r.example/v2/team/app/manifests/1.0");
    assert.equal(asked?.headers?.["accept"]?.split(", ").length, 4);
  }
  await assert.rejects(repository(answersInTurn(empty(500))).manifestDigest("1.0", SIGNAL));
});

Deno.test("manifestDigest() reads the manifest where the registry does not say its digest", async () => {
  const stub = stubExchange(({ method }) => new Response(method === "GET" ? BYTES : null));
  assert.equal(await repository(stub).manifestDigest("1.0", SIGNAL), await digestOf(BYTES));
  const [head, get] = stub.requests;
  assert.deepEqual([head?.method, get?.method], ["HEAD", "GET"]);
  assert.equal(get?.url.href, head?.url.href);
  assert.equal(get?.headers?.["accept"], head?.headers?.["accept"]);
  const endless = stubExchange(({ method }) =>
    new Response(method === "GET" ? new Uint8Array(5 * 2 ** 20) : null)
  );
  assert.equal(await repository(endless).manifestDigest("1.0", SIGNAL), undefined, "that is no manifest");
  assert.equal(endless.unread(), 0);
  const gone = stubExchange(({ method }) => new Response(null, { status: method === "GET" ? 404 : 200 }));
  assert.equal(await repository(gone).manifestDigest("1.0", SIGNAL), undefined);
});

Deno.test("Repository passes the caller's signal and the registry's scopes with every request", async () => {
  const stub = stubExchange(({ method }) =>
    new Response(null, { status: method === "POST" ? 202 : 200, headers: { location: "/u" } })
  );
  const target = repository(stub, "library/nginx");
  await target.hasBlob(BLOB, SIGNAL);
  await target.startUpload(SIGNAL);
  await target.putManifest(MANIFEST, BYTES, "1", SIGNAL);
  await target.manifestDigest("1", SIGNAL);
  assert.equal(target.name, "r.example/library/nginx");
  for (const { signal, scopes } of stub.requests) {
    assert.equal(signal, SIGNAL);
    assert.deepEqual(scopes, ["repository:library/nginx:pull,push"]);
  }
});

Deno.test("getManifest() reads no more than a manifest may have", async () => {
  const endless = answersInTurn(() => new Response(new Uint8Array(5 * 2 ** 20)));
  await assert.rejects(repository(endless).getManifest("1.0", SIGNAL), (error) => {
    assert.ok(isPusherError(error, "REGISTRY_UNSUPPORTED"), String(error));
    assert.equal(error.detail.request, "GET /v2/team/app/manifests/1.0");
    return true;
  });
  assert.equal(endless.unread(), 0);
});

Deno.test("getManifest() asks for nothing that is neither tag nor digest", async () => {
  const stub = answersInTurn(empty(200));
  for (const reference of ["../../other/manifests/1", "a/b", "", "sha256:1", "1?x=y"]) {
    await assert.rejects(repository(stub).getManifest(reference, SIGNAL), TypeError, reference);
  }
  assert.equal(stub.requests.length, 0);
});

Deno.test("manifestDigest() takes nothing for a digest that is none", async () => {
  const headers = { "docker-content-digest": "sha256:../../x" };
  const stub = answersInTurn(empty(200, headers), () => new Response(BYTES, { headers }));
  assert.equal(await repository(stub).manifestDigest("1.0", SIGNAL), await digestOf(BYTES));
});
