import assert from "node:assert/strict";
import { answerWith, refuse } from "../../support/registry/answer_faults.ts";
import { callRegistry } from "../../support/registry_call.ts";
import { startTestRegistry, type TestRegistry } from "../../support/test_registry.ts";

const fail = answerWith({ status: 500 });

async function pings(registry: TestRegistry, count: number): Promise<number[]> {
  const statuses: number[] = [];
  for (let index = 0; index < count; index++) {
    statuses.push((await callRegistry(registry, "GET /v2/")).status);
  }
  return statuses;
}

Deno.test("FaultList strikes the nth request and as many as it should", async () => {
  await using registry = startTestRegistry();
  const fault = registry.addFault({ on: "ping", nth: 2, times: 2, do: fail });
  assert.deepEqual(await pings(registry, 4), [200, 500, 500, 200]);
  assert.equal(fault.strikes, 2);
});

Deno.test("FaultList counts only requests of its kind that its condition holds for", async () => {
  await using registry = startTestRegistry();
  const { digest } = registry.repository("app").putBlob("x");
  registry.addFault({
    on: ["head-blob", "get-blob"],
    when: ({ store }) => store.get("app").blobs.size > 0,
    do: fail,
  });
  assert.deepEqual(await pings(registry, 1), [200]);
  assert.equal((await callRegistry(registry, `HEAD /v2/app/blobs/${digest}`)).status, 500);
  assert.equal((await callRegistry(registry, `HEAD /v2/app/blobs/${digest}`)).status, 200);
});

Deno.test("FaultList finds requests by method and path", async () => {
  await using registry = startTestRegistry();
  registry.addFault({ on: { method: "GET", path: /^\/v2\/b/ }, times: Infinity, do: fail });
  assert.equal((await callRegistry(registry, "GET /v2/a/tags/list")).status, 404);
  assert.equal((await callRegistry(registry, "GET /v2/b/tags/list")).status, 500);
  assert.equal((await callRegistry(registry, "DELETE /v2/b/manifests/1")).status, 404);
});

Deno.test("FaultList takes a fault away", async () => {
  await using registry = startTestRegistry();
  const fault = registry.addFault({ times: Infinity, do: fail });
  assert.deepEqual(await pings(registry, 1), [500]);
  fault.remove();
  assert.deepEqual(await pings(registry, 1), [200]);
});

Deno.test("FaultList lets the fault added last see what the others made of an answer", async () => {
  await using registry = startTestRegistry({ faults: [{ do: refuse(503, "UNAVAILABLE") }] });
  registry.addFault({
    do: async (_exchange, next) => ({ ...await next(), headers: { "X-Outer": "yes" } }),
  });
  const { status, headers } = await callRegistry(registry, "GET /v2/");
  assert.deepEqual([status, headers.get("x-outer")], [503, "yes"]);
});

Deno.test("FaultList does not count requests that are refused for lack of credentials", async () => {
  await using registry = startTestRegistry({ auth: { type: "basic", users: { a: "b" } } });
  registry.addFault({ on: "start-upload", do: fail });
  const path = "POST /v2/app/blobs/uploads/";
  assert.equal((await callRegistry(registry, path)).status, 401);
  const headers = { authorization: `Basic ${btoa("a:b")}` };
  assert.equal((await callRegistry(registry, path, { headers })).status, 500);
});
