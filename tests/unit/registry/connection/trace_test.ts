import assert from "node:assert/strict";
import { traced } from "../../../../lib/registry/connection/trace.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { request, stubExchange } from "../stub_exchange.ts";

const URL_WITH_SECRETS = "https://user:SECRET@r.example/v2/app/blobs/uploads/1?_state=SECRET";

Deno.test("traced() tells of request and answer, and of no secret", async () => {
  const lines: string[] = [];
  const headers = { authorization: "Bearer SECRET", "content-range": "0-9" };
  const clock = new FakeClock();
  const stub = stubExchange(async () => {
    await clock.advance(12);
    return new Response(null, { status: 202, headers: { location: "https://r.example/?_state=SECRET" } });
  });
  const asked = request("PATCH", URL_WITH_SECRETS, { headers, body: new Uint8Array(10) });
  const response = await traced(stub.exchange, (line) => lines.push(line), clock)(asked);
  assert.equal(response.status, 202);
  assert.equal(stub.requests[0], asked, "the request itself passes unchanged");
  assert.deepEqual(lines, [
    "> PATCH https://r.example/v2/app/blobs/uploads/1 (bytes 0-9, 10 B, authorization Bearer)",
    "< 202 PATCH https://r.example/v2/app/blobs/uploads/1 (12 ms)",
  ]);
});

Deno.test("traced() tells of a failure and throws it", async () => {
  const lines: string[] = [];
  const failure = new Error("reset\x1b[2J");
  const stub = stubExchange(() => Promise.reject(failure));
  const asked = request("GET", URL_WITH_SECRETS);
  await assert.rejects(traced(stub.exchange, (line) => lines.push(line), new FakeClock())(asked), failure);
  assert.deepEqual(lines, [
    "> GET https://r.example/v2/app/blobs/uploads/1",
    "! GET https://r.example/v2/app/blobs/uploads/1: reset\\u{1b}[2J",
  ]);
});
