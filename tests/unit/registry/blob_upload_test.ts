import assert from "node:assert/strict";
import { isPusherError, type PusherError } from "../../../lib/errors.ts";
import { BlobUpload, type UploadState } from "../../../lib/registry/blob_upload.ts";
import type { StreamBody } from "../../../lib/util/stream_body.ts";
import { sha256Digest } from "../../../lib/spec/digest.ts";
import { answersInTurn, type StubExchange, stubExchange, stubSession } from "./stub_exchange.ts";

const HEX = "ab".repeat(32);
const DIGEST = sha256Digest(HEX);
const SIGNAL = new AbortController().signal;
const LOCATION = "https://r.example/v2/app/blobs/uploads/1?_state=a%2F==";

function upload(stub: StubExchange, state: Partial<UploadState> = {}): BlobUpload {
  const owner = {
    session: stubSession(stub.exchange),
    scopes: ["repository:app:pull,push"],
    repository: "app",
  };
  const fresh = { location: new URL(LOCATION), offsetBytes: 0, minChunkBytes: 0, maxChunkBytes: Infinity };
  return new BlobUpload(owner, { ...fresh, ...state });
}

function part(sizeBytes: number): StreamBody {
  return { sizeBytes, open: () => new Blob([new Uint8Array(sizeBytes)]).stream() };
}

/** An answer whose words nobody needs; they have to be let go of all the same. */
const answer = (status: number, headers: HeadersInit = {}, body = "words"): () => Response => () =>
  new Response(status === 204 ? null : body, { status, headers });
const refusal = (status: number, code: string): () => Response => () =>
  Response.json({ errors: [{ code, message: "no" }] }, { status });
/** The error of work that must fail. */
async function failure(work: Promise<unknown>): Promise<PusherError> {
  const error = await work.then(() => undefined, (error: unknown) => error);
  assert.ok(isPusherError(error), `expected a PusherError, got ${error}`);
  return error;
}

Deno.test("append() sends a PATCH with a bare range, and moves to the new Location", async () => {
  const stub = answersInTurn(
    answer(202, { location: "/v2/app/blobs/uploads/1?_state=b", range: "0-9" }),
    answer(202, { location: "/v2/app/blobs/uploads/1?_state=c", range: "0-14" }),
    answer(202),
  );
  const blob = upload(stub);
  const parts = [part(10), part(5), part(1)];
  for (const each of parts) await blob.append(each, SIGNAL);
  assert.deepEqual(
    stub.requests.map(({ method, url, headers, body }) => ({ method, url: url.href, headers, body })),
    [
      { method: "PATCH", url: LOCATION, headers: headers("0-9"), body: parts[0] },
      {
        method: "PATCH",
        url: "https://r.example/v2/app/blobs/uploads/1?_state=b",
        headers: headers("10-14"),
        body: parts[1],
      },
      {
        method: "PATCH",
        url: "https://r.example/v2/app/blobs/uploads/1?_state=c",
        headers: headers("15-15"),
        body: parts[2],
      },
    ],
  );
  assert.equal(blob.offsetBytes, 16);
  assert.equal(
    blob.location,
    "https://r.example/v2/app/blobs/uploads/1?_state=c",
    "kept where an answer names none",
  );
  assert.equal(stub.unread(), 0);

  function headers(range: string): Record<string, string> {
    return { "content-type": "application/octet-stream", "content-range": range };
  }
});

Deno.test("append() of a whole blob names no range, as classic docker does", async () => {
  const stub = answersInTurn(answer(202));
  const blob = upload(stub);
  await blob.append(part(10), SIGNAL, true);
  assert.deepEqual(stub.requests[0]!.headers, { "content-type": "application/octet-stream" });
  assert.equal(blob.offsetBytes, 10);
});

Deno.test("append() trusts its own count, whatever Range says", async () => {
  const ranges = ["0-9", "bytes=0-9", "0-0", "0--1", "0-4", "5-9", "garbage", undefined];
  for (const status of [202, 201, 204]) {
    for (const range of ranges) {
      const blob = upload(answersInTurn(answer(status, range === undefined ? {} : { range })));
      await blob.append(part(10), SIGNAL);
      assert.equal(blob.offsetBytes, 10, `${status} ${range}`);
    }
  }
});

Deno.test("append() leaves the session as it was when the part did not arrive", async () => {
  const failures = [
    refusal(400, "SIZE_INVALID"),
    answer(500, { location: "/elsewhere" }),
    answer(200, { location: "/elsewhere" }),
    answer(307, { location: "https://elsewhere.example/" }),
    answer(202, { location: "https://10.0.0.1/u" }, "held"),
  ];
  for (const each of failures) {
    const stub = answersInTurn(each);
    const blob = upload(stub, { offsetBytes: 10 });
    await failure(blob.append(part(5), SIGNAL));
    assert.equal(blob.offsetBytes, 10);
    assert.equal(blob.location, LOCATION);
    assert.equal(stub.unread(), 0, "the answer is let go of");
  }
});

Deno.test("append() leaves the session as it was when its answer breaks off", async () => {
  const broken = (): Response =>
    new Response(new ReadableStream({ pull: (controller) => controller.error(new TypeError("reset")) }), {
      status: 202,
      headers: { location: "/elsewhere" },
    });
  const blob = upload(answersInTurn(broken), { offsetBytes: 10 });
  await assert.rejects(blob.append(part(5), SIGNAL), /reset/);
  assert.equal(blob.offsetBytes, 10);
  assert.equal(blob.location, LOCATION);
});

Deno.test("a lost session can be tried again, other refusals cannot", async () => {
  const cases: [() => Response, boolean][] = [
    [refusal(404, "BLOB_UPLOAD_UNKNOWN"), true],
    [refusal(404, "BLOB_UPLOAD_INVALID"), true],
    [refusal(400, "BLOB_UPLOAD_INVALID"), true],
    [refusal(416, "RANGE_INVALID"), true],
    [refusal(400, "RANGE_INVALID"), true],
    [answer(416), true],
    [answer(404), true],
    [answer(404, {}, "<html>not found"), true],
    [refusal(404, "NAME_UNKNOWN"), false],
    [refusal(400, "SIZE_INVALID"), false],
    [refusal(400, "DIGEST_INVALID"), false],
    [answer(400), false],
    [answer(413), false],
    [answer(415), false],
    [answer(403), false],
    [answer(503), true],
  ];
  for (const [each, retryable] of cases) {
    for (
      const work of [
        (blob: BlobUpload) => blob.append(part(5), SIGNAL),
        (blob: BlobUpload) => blob.commit(DIGEST, SIGNAL),
      ]
    ) {
      const error = await failure(work(upload(answersInTurn(each))));
      assert.equal(error.retryable, retryable, error.message);
      assert.match(error.message, /^Cannot upload to "r\.example\/app": the registry answered \d/);
      assert.ok(error.hint);
    }
  }
});

Deno.test("commit() closes with the digest after the newest Location's query", async () => {
  const stub = answersInTurn(answer(201, { "docker-content-digest": DIGEST }));
  await upload(stub, { offsetBytes: 10 }).commit(DIGEST, SIGNAL);
  const [asked] = stub.requests;
  assert.equal(`${asked?.method} ${asked?.url}`, `PUT ${LOCATION}&digest=sha256%3A${HEX}`);
  assert.deepEqual(asked?.headers, {});
  assert.ok(asked?.body instanceof Uint8Array && asked.body.length === 0, "it says Content-Length: 0");
  assert.ok((asked.answerTimeoutMs ?? 0) >= 300_000, "the registry may take minutes to hash a layer");
});

Deno.test("commit() can carry the whole blob, or its last part with a range", async () => {
  const cases: [number, number, Record<string, string>][] = [
    [0, 20, { "content-type": "application/octet-stream" }],
    [10, 5, { "content-type": "application/octet-stream", "content-range": "10-14" }],
    [0, 0, { "content-type": "application/octet-stream" }],
  ];
  for (const [offsetBytes, sizeBytes, headers] of cases) {
    const stub = answersInTurn(answer(201));
    const rest = part(sizeBytes);
    await upload(stub, { offsetBytes }).commit(DIGEST, SIGNAL, rest);
    assert.deepEqual(stub.requests[0]!.headers, headers);
    assert.deepEqual(stub.requests[0]!.body, sizeBytes > 0 ? rest : new Uint8Array());
  }
});

Deno.test("commit() takes every way of saying that it is stored, but not another digest", async () => {
  for (const status of [201, 204, 200]) {
    const stub = answersInTurn(answer(status));
    await upload(stub).commit(DIGEST, SIGNAL);
    assert.equal(stub.unread(), 0);
  }
  const stored = `sha256:${"cd".repeat(32)}`;
  const stub = answersInTurn(answer(201, { "docker-content-digest": stored }));
  const error = await failure(upload(stub).commit(DIGEST, SIGNAL));
  assert.deepEqual([error.code, error.retryable], ["DIGEST_MISMATCH", false]);
  assert.deepEqual(error.detail, { expected: DIGEST, actual: stored });
  await failure(upload(answersInTurn(answer(202))).commit(DIGEST, SIGNAL));
});

Deno.test("recover() adopts what the registry holds if that can be", async () => {
  // Own offset, the registry's Range, what can have arrived at most → offset to go on from.
  const cases: [number, string | undefined, number, number | undefined][] = [
    [0, "0-0", 20, 0],
    [0, undefined, 20, 0],
    [0, "0-9", 20, 10],
    [0, "bytes=0-9", 20, 10],
    [0, " 0-9 ", 20, 10],
    [10, "0-9", 20, 10],
    [10, "0-14", 20, 15],
    [10, "0-19", 20, 20],
    // More than was sent, less than was confirmed, or no number at all.
    [10, "0-20", 20, undefined],
    [10, "0-4", 20, undefined],
    [10, "0-0", 20, undefined],
    [10, undefined, 20, undefined],
    [0, "0--1", 20, undefined],
    [0, "5-9", 20, undefined],
    [0, "bytes 0-9/20", 20, undefined],
    [0, "0-9,0-9", 20, undefined],
    [0, "0-99999999999999999999", 20, undefined],
    [0, "", 20, undefined],
  ];
  for (const [own, range, maxBytes, offsetBytes] of cases) {
    for (const status of [204, 200]) {
      const newest = "/v2/app/blobs/uploads/1?_state=new";
      const headers: HeadersInit = { location: newest, ...(range === undefined ? {} : { range }) };
      const stub = answersInTurn(answer(status, headers));
      const blob = upload(stub, { offsetBytes: own });
      assert.equal(await blob.recover(maxBytes, SIGNAL), offsetBytes !== undefined, `${own} ${range}`);
      assert.equal(stub.unread(), 0);
      assert.equal(blob.offsetBytes, offsetBytes ?? own, `${own} ${range}`);
      assert.equal(blob.location, offsetBytes === undefined ? LOCATION : `https://r.example${newest}`);
      assert.equal(`${stub.requests[0]?.method} ${stub.requests[0]?.url}`, `GET ${LOCATION}`);
    }
  }
});

Deno.test("recover() gives up a session that the registry does not know, or cannot tell of", async () => {
  for (
    const each of [
      refusal(404, "BLOB_UPLOAD_UNKNOWN"),
      answer(404),
      answer(405),
      answer(400),
      answer(401),
      answer(416),
    ]
  ) {
    const stub = answersInTurn(each);
    assert.equal(await upload(stub, { offsetBytes: 10 }).recover(20, SIGNAL), false);
    assert.equal(stub.unread(), 0);
  }
});

Deno.test("recover() does not give up a session because the registry is busy", async () => {
  for (const status of [429, 500, 502, 503, 504]) {
    const blob = upload(answersInTurn(answer(status)), { offsetBytes: 10 });
    const error = await failure(blob.recover(20, SIGNAL));
    assert.deepEqual([error.code, error.retryable], ["REGISTRY_UNAVAILABLE", true]);
    assert.equal(blob.offsetBytes, 10);
  }
});

Deno.test("cancel() deletes the session and does not mind a refusal", async () => {
  for (const each of [answer(204), answer(404), refusal(401, "UNAUTHORIZED"), answer(405)]) {
    const stub = answersInTurn(each);
    await upload(stub).cancel(SIGNAL);
    assert.equal(`${stub.requests[0]?.method} ${stub.requests[0]?.url}`, `DELETE ${LOCATION}`);
    assert.equal(stub.unread(), 0);
  }
  const unreachable = stubExchange(() => Promise.reject(new TypeError("a bug")));
  await assert.rejects(upload(unreachable).cancel(SIGNAL), /a bug/);
});
