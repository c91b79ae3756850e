import assert from "node:assert/strict";
import { redactedAnswer, secretsOf } from "../../../../lib/registry/connection/redacted_answer.ts";

const SECRET = 'k€y/+ "1"';

Deno.test("redactedAnswer() takes a secret out in every form in which it travels", async () => {
  const forms = [
    SECRET,
    new TextEncoder().encode(SECRET).toBase64(),
    encodeURIComponent(SECRET),
    new URLSearchParams({ password: SECRET }).toString().slice("password=".length),
    JSON.stringify(SECRET).slice(1, -1),
  ];
  for (const form of forms) {
    const answer = new Response(`You sent ${form}, and ${form}.`, { status: 400, headers: { "x-a": "b" } });
    const redacted = await redactedAnswer(answer, [SECRET, undefined]);
    assert.equal(await redacted.text(), "You sent [redacted], and [redacted].");
    assert.deepEqual([redacted.status, redacted.headers.get("x-a")], [400, "b"]);
  }
});

Deno.test("redactedAnswer() leaves answers that say yes alone, and texts that hold no secret", async () => {
  const yes = new Response(SECRET);
  assert.equal(await redactedAnswer(yes, [SECRET]), yes);
  const short = new Response("a b c", { status: 404 });
  assert.equal(await (await redactedAnswer(short, ["a", ""])).text(), "a b c");
});

Deno.test("secretsOf() names what must not be shown of each kind of credentials", () => {
  assert.deepEqual(secretsOf(undefined), []);
  assert.deepEqual(secretsOf({ username: "ann", password: "pw" }), ["ann:pw", "pw"]);
  assert.deepEqual(secretsOf({ username: "<token>", identityToken: "t" }), ["<token>:t", "t"]);
  assert.deepEqual(secretsOf({ registryToken: "t" }), ["t"]);
});
