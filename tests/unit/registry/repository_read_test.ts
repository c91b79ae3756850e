import assert from "node:assert/strict";
import { Repository } from "../../../lib/registry/repository.ts";
import type { Descriptor } from "../../../lib/spec/descriptor.ts";
import { digestOf, sha256Digest } from "../../../lib/spec/digest.ts";
import { MEDIA_TYPE } from "../../../lib/spec/media_type.ts";
import { answersInTurn, type StubExchange, stubSession } from "./stub_exchange.ts";

const DIGEST = sha256Digest("ab".repeat(32));
const BLOB: Descriptor = { mediaType: MEDIA_TYPE.ociLayer, digest: DIGEST, size: 10 };
const SIGNAL = new AbortController().signal;

function repository(stub: StubExchange): Repository {
  return new Repository(stubSession(stub.exchange), "team/app");
}

const notFound = (): Response => new Response("words", { status: 404 });

Deno.test("readBlob() asks for the whole of a blob, or for what follows a byte", async () => {
  const content = "0123456789";
  const range = (from: number): ResponseInit => ({
    status: 206,
    headers: { "content-range": `bytes ${from}-9/10` },
  });
  const cases: [offsetBytes: number, answer: () => Response, wanted: string | null, rest: string][] = [
    [0, () => new Response(content), null, content],
    [4, () => new Response(content.slice(4), range(4)), "bytes=4-", content.slice(4)],
    [4, () => new Response(content), "bytes=4-", content.slice(4)],
    [0, () => new Response(content, { headers: { "content-length": "10" } }), null, content],
  ];
  for (const [offsetBytes, answer, wanted, rest] of cases) {
    const stub = answersInTurn(answer);
    const stream = await repository(stub).readBlob(BLOB, offsetBytes, SIGNAL);
    assert.equal(await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).text(), rest);
    assert.equal(stub.requests[0]?.headers?.["range"] ?? null, wanted);
  }
});

Deno.test("readBlob() asks for the whole of a blob where it gets another part, or none", async () => {
  const content = "0123456789";
  const part = (range?: string): ResponseInit => ({
    status: 206,
    headers: range === undefined ? {} : { "content-range": range },
  });
  const answers: (() => Response)[] = [
    () => new Response("x", part("bytes 5-9/10")),
    () => new Response("x", part("bytes 4-8/10")),
    () => new Response("x", part("bytes 4-9/11")),
    () => new Response("x", part()),
    () => new Response("x", { status: 416 }),
  ];
  for (const answer of answers) {
    const stub = answersInTurn(answer, () => new Response(content));
    const stream = await repository(stub).readBlob(BLOB, 4, SIGNAL);
    assert.equal(await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).text(), "456789");
    assert.deepEqual(stub.requests.map(({ headers }) => headers?.["range"]), ["bytes=4-", undefined]);
    assert.equal(stub.unread(), 0);
  }
});

Deno.test("readBlob() refuses another length, a page, and parts of what was asked for whole", async () => {
  const part: ResponseInit = { status: 206, headers: { "content-range": "bytes 0-9/10" } };
  const cases: [answer: () => Response, code: string, message: RegExp][] = [
    [() => new Response("x", part), "REGISTRY_REJECTED", /answered 206/],
    [() => new Response("x", { status: 416 }), "REGISTRY_REJECTED", /answered 416/],
    [() => new Response("x", { headers: { "content-length": "11" } }), "DIGEST_MISMATCH", /has 11 bytes/],
    [
      () => new Response("x", { headers: { "content-length": "1", "content-type": "text/html" } }),
      "REGISTRY_UNSUPPORTED",
      /a web page/,
    ],
    [
      () => new Response("x", { headers: { "content-length": "1", "content-encoding": "gzip" } }),
      "REGISTRY_UNSUPPORTED",
      /compressed \(gzip\), although plain bytes were asked for/,
    ],
    [() => new Response("x", { status: 404 }), "REGISTRY_REJECTED", /answered 404/],
  ];
  for (const [answer, code, message] of cases) {
    for (const offsetBytes of [0, 4]) {
      const stub = answersInTurn(answer);
      await assert.rejects(repository(stub).readBlob(BLOB, offsetBytes, SIGNAL), { code, message });
    }
  }
});

Deno.test("readManifest() takes the digest from the bytes and the type from header or content", async () => {
  const text = JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests: [] });
  const digest = await digestOf(new TextEncoder().encode(text));
  for (const type of [MEDIA_TYPE.ociIndex, `${MEDIA_TYPE.ociIndex}; charset=utf-8`, "text/plain", ""]) {
    for (const reference of ["1", digest]) {
      const stub = answersInTurn(() => new Response(text, { headers: { "content-type": type } }));
      const found = await repository(stub).readManifest(reference, SIGNAL);
      assert.deepEqual(found?.descriptor, { mediaType: MEDIA_TYPE.ociIndex, digest, size: text.length });
      assert.equal(new TextDecoder().decode(found?.bytes), text);
    }
  }
  assert.equal(await repository(answersInTurn(notFound)).readManifest("1", SIGNAL), undefined);
});

Deno.test("readManifest() refuses what is not the digest's, and what is no manifest", async () => {
  const headers = { "content-type": MEDIA_TYPE.ociManifest };
  const other = answersInTurn(() => new Response("{}", { headers }));
  await assert.rejects(repository(other).readManifest(DIGEST, SIGNAL), { code: "DIGEST_MISMATCH" });
  const schema1 = JSON.stringify({ schemaVersion: 1, name: "x" });
  const cases: [text: string, type: string, message: RegExp][] = [
    ["<html>", "text/html", /the answer is a web page, not a manifest/],
    ["{}", "application/json", /it is "application\/json", not a manifest/],
    [schema1, "application/json", /docker's first format/],
    [schema1, `${MEDIA_TYPE.dockerManifestV1.slice(0, -4)}prettyjws`, /docker's first format/],
  ];
  for (const [text, type, message] of cases) {
    const stub = answersInTurn(() => new Response(text, { headers: { "content-type": type } }));
    await assert.rejects(repository(stub).readManifest("1", SIGNAL), {
      code: "REGISTRY_UNSUPPORTED",
      message,
    });
  }
  const compressed = answersInTurn(() =>
    new Response("\x1f\x8b", { headers: { ...headers, "content-encoding": "gzip" } })
  );
  await assert.rejects(repository(compressed).readManifest("1", SIGNAL), {
    code: "REGISTRY_UNSUPPORTED",
    message: /the answer is compressed \(gzip\)/,
  });
});

Deno.test("a repository that is only read asks for no right to push", async () => {
  const stub = answersInTurn(notFound);
  const repository = new Repository(stubSession(stub.exchange), "team/app", { isReadOnly: true });
  await repository.readManifest("1", SIGNAL);
  assert.deepEqual(stub.requests[0]?.scopes, ["repository:team/app:pull"]);
});
