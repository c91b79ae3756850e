import assert from "node:assert/strict";
import { SingleFlight } from "../../../lib/util/single_flight.ts";

Deno.test("do() runs work once for callers that come while it runs, and again afterwards", async () => {
  const flight = new SingleFlight<number>();
  const gate = Promise.withResolvers<void>();
  let runs = 0;
  const work = async (): Promise<number> => {
    const run = ++runs;
    await gate.promise;
    return run;
  };
  const together = [flight.do("a", work), flight.do("a", work), flight.do("b", work)];
  gate.resolve();
  assert.deepEqual(await Promise.all(together), [1, 1, 2]);
  assert.equal(await flight.do("a", work), 3);
});

Deno.test("do() shares a failure with those who wait, and forgets it", async () => {
  const flight = new SingleFlight<string>();
  const failure = new Error("no");
  const failing = (): Promise<string> => Promise.reject(failure);
  const results = await Promise.allSettled([flight.do("a", failing), flight.do("a", failing)]);
  assert.deepEqual(results.map((result) => result.status === "rejected" && result.reason), [
    failure,
    failure,
  ]);
  assert.equal(await flight.do("a", () => Promise.resolve("yes")), "yes");
});

Deno.test("do() starts afresh after work that failed before it gave a promise", async () => {
  const flight = new SingleFlight<string>();
  const broken = (): Promise<string> => {
    throw new Error("at once");
  };
  assert.throws(() => flight.do("a", broken), /at once/);
  assert.equal(await flight.do("a", () => Promise.resolve("yes")), "yes");
});
