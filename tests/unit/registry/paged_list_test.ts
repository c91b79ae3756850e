import assert from "node:assert/strict";
import { Repository } from "../../../lib/registry/repository.ts";
import { sha256Digest } from "../../../lib/spec/digest.ts";
import { MEDIA_TYPE } from "../../../lib/spec/media_type.ts";
import { answersInTurn, type StubExchange, stubExchange, stubSession } from "./stub_exchange.ts";

const DIGEST = sha256Digest("ab".repeat(32));
const SIGNAL = new AbortController().signal;

function repository(stub: StubExchange): Repository {
  return new Repository(stubSession(stub.exchange), "team/app", { isReadOnly: true });
}

function tagPage(tags: unknown, link?: string): () => Response {
  return () => new Response(JSON.stringify({ name: "team/app", tags }), { headers: link ? { link } : {} });
}

function paths(stub: StubExchange): string[] {
  return stub.requests.map(({ url }) => `${url.origin}${url.pathname}${url.search}`);
}

Deno.test("listTags() follows the links of pages, whatever proxies made of scheme and port", async () => {
  const stub = answersInTurn(
    tagPage(["a", "b"], '</v2/team/app/tags/list?n=1000&last=b>; rel="next"'),
    tagPage(
      ["c"],
      '</v2/before>; rel="prev", <http://r.example:8080/v2/team/app/tags/list?last=c>; rel=next',
    ),
    tagPage(["d", "not a tag"], '<https://r.example/elsewhere>; rel="help"'),
  );
  assert.deepEqual(await repository(stub).listTags(SIGNAL), ["a", "b", "c", "d"]);
  assert.deepEqual(paths(stub), [
    "https://r.example/v2/team/app/tags/list?n=1000",
    "https://r.example/v2/team/app/tags/list?n=1000&last=b",
    "https://r.example/v2/team/app/tags/list?last=c",
  ]);
  assert.deepEqual(stub.requests[2]?.scopes, ["repository:team/app:pull"]);
  assert.equal(stub.unread(), 0);
});

Deno.test("listTags() takes null for no tags, and knows a repository that is not there", async () => {
  assert.deepEqual(await repository(answersInTurn(tagPage(null))).listTags(SIGNAL), []);
  const missing = answersInTurn(() => new Response("{}", { status: 404 }));
  assert.equal(await repository(missing).listTags(SIGNAL), undefined);
  const denied = answersInTurn(() => new Response("{}", { status: 403 }));
  await assert.rejects(repository(denied).listTags(SIGNAL), { code: "AUTH_DENIED" });
});

Deno.test("listTags() follows no link elsewhere, and none for ever", async () => {
  const elsewhere = answersInTurn(tagPage(["a"], '<https://evil.example/v2/team/app/tags/list>; rel="next"'));
  await assert.rejects(repository(elsewhere).listTags(SIGNAL), {
    code: "REGISTRY_UNSUPPORTED",
    message: /it goes on elsewhere, at "https:\/\/evil\.example/,
  });
  assert.equal(elsewhere.requests.length, 1);
  const endless = answersInTurn(tagPage([], '<?last=a>; rel="next"'));
  await assert.rejects(repository(endless).listTags(SIGNAL), { message: /it does not end/ });
  assert.equal(endless.requests.length, 1_000);
  const many = answersInTurn(tagPage(Array(60_000).fill("a"), '<?last=a>; rel="next"'));
  await assert.rejects(repository(many).listTags(SIGNAL), { message: /it does not end/ });
  assert.equal(many.requests.length, 2);
});

Deno.test("listTags() refuses what is no list", async () => {
  for (const text of ["<html>", '{"tags":[1]}', '"tags"', " ".repeat(5 * 2 ** 20)]) {
    await assert.rejects(repository(answersInTurn(() => new Response(text))).listTags(SIGNAL), {
      code: "REGISTRY_UNSUPPORTED",
      message: /^Cannot read the tags of "r\.example\/team\/app": /,
    });
  }
});

Deno.test("listReferrers() gives what the registry lists, page after page", async () => {
  const entry = { mediaType: MEDIA_TYPE.ociManifest, digest: DIGEST, size: 2, artifactType: "application/x" };
  const stub = stubExchange((_, nth) =>
    new Response(JSON.stringify({ schemaVersion: 2, manifests: [{ ...entry, size: nth }] }), {
      headers: {
        "content-type": `${MEDIA_TYPE.ociIndex}; charset=utf-8`,
        ...(nth === 0 ? { link: '<?next=1>; rel="next"' } : {}),
      },
    })
  );
  const listed = await repository(stub).listReferrers(DIGEST, SIGNAL);
  assert.deepEqual(listed?.map(({ size }) => size), [0, 1]);
  assert.equal(paths(stub)[0], `https://r.example/v2/team/app/referrers/${DIGEST}`);
});

Deno.test("listReferrers() knows a registry that keeps no such lists", async () => {
  for (
    const answer of [
      () => new Response("404 page not found", { status: 404 }),
      () => new Response("{}", { status: 405 }),
      () => new Response("<html>", { headers: { "content-type": "text/html" } }),
    ]
  ) {
    const stub = answersInTurn(answer);
    assert.equal(await repository(stub).listReferrers(DIGEST, SIGNAL), undefined);
    assert.equal(stub.unread(), 0);
  }
});
