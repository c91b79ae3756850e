import assert from "node:assert/strict";
import { isPusherError } from "../../../lib/errors.ts";
import { Repository } from "../../../lib/registry/repository.ts";
import type { Descriptor } from "../../../lib/spec/descriptor.ts";
import { sha256Digest } from "../../../lib/spec/digest.ts";
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

const empty = (status: number, headers: HeadersInit = {}): () => Response => () =>
  new Response(null, { status, headers });

Deno.test("hasBlob() believes an answer only where the size fits", async () => {
  const cases: [() => Response, boolean][] = [
    [empty(200, { "content-length": "1234" }), true],
    [empty(200), true],
    [empty(200, { "content-length": "1235" }), false],
    [empty(200, { "content-length": "0" }), false],
    [empty(200, { "content-length": "x" }), false],
    [empty(404), false],
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
      [405, "REGISTRY_REJECTED"],
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
  assert.equal(upload.location, "https://r.example/v2/team/app/blobs/uploads/1?_state=x");
  assert.equal(upload.offsetBytes, 0, "Range: 0-0 of a fresh session is none");
  assert.equal(upload.minChunkBytes, 0);
});

Deno.test("startUpload() takes a smallest part only if it is a number of bytes", async () => {
  const cases: [string, number][] = [
    ["10485760", 10485760],
    ["0", 0],
    ["", 0],
    ["-5", 0],
    ["1.5", 0],
    ["10 MiB", 0],
    ["0x10", 0],
    ["Infinity", 0],
    ["9".repeat(30), 0],
  ];
  for (const [header, minChunkBytes] of cases) {
    const stub = answersInTurn(empty(202, { location: "/u", "oci-chunk-min-length": header }));
    assert.equal((await repository(stub).startUpload(SIGNAL)).minChunkBytes, minChunkBytes, header);
  }
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
    [empty(200), undefined],
    [empty(404), undefined],
  ];
  for (const [answer, digest] of cases) {
    const stub = answersInTurn(answer);
    assert.equal(await repository(stub).manifestDigest("1.0", SIGNAL), digest);
    const [asked] = stub.requests;
    assert.equal(`${asked?.method} ${asked?.url}`, "HEAD https://r.example/v2/team/app/manifests/1.0");
    assert.equal(asked?.headers?.["accept"]?.split(", ").length, 4);
  }
  await assert.rejects(repository(answersInTurn(empty(500))).manifestDigest("1.0", SIGNAL));
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
