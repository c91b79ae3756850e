import assert from "node:assert/strict";
import { FakeClock } from "../../support/fake_clock.ts";

Deno.test("FakeClock rings what is due in order, at its time", async () => {
  const clock = new FakeClock({ nowMs: 1000 });
  const rung: string[] = [];
  const note = (name: string) => rung.push(`${name} at ${clock.now()}`);
  clock.timer(30, () => note("timer"));
  const sleeper = clock.sleep(20).then(async () => {
    note("first");
    await clock.sleep(15);
    note("second");
  });
  await clock.advance(34);
  assert.deepEqual(rung, ["first at 1020", "timer at 1030"]);
  await clock.advance(1);
  await sleeper;
  assert.deepEqual(rung.at(-1), "second at 1035");
  assert.deepEqual([clock.now(), clock.pending], [1035, 0]);
  assert.deepEqual(clock.sleptMs, [20, 15]);
});

Deno.test("FakeClock ends a sleep early when its signal is aborted", async () => {
  const clock = new FakeClock();
  const controller = new AbortController();
  const sleep = clock.sleep(10, controller.signal);
  controller.abort(new Error("enough"));
  await assert.rejects(sleep, /enough/);
  assert.equal(clock.pending, 0);
  assert.throws(() => clock.sleep(10, controller.signal), /enough/);
});

Deno.test("FakeClock forgets a timer that is disposed", async () => {
  const clock = new FakeClock();
  {
    using _timer = clock.timer(10, () => assert.fail("it rang"));
  }
  await clock.advance(20);
  assert.equal(clock.pending, 0);
});

Deno.test("FakeClock jumps over sleeps by itself if told to, and timers ring on the way", async () => {
  const clock = new FakeClock({ nowMs: 0, autoAdvance: true });
  let rungAtMs = -1;
  clock.timer(250, () => rungAtMs = clock.now());
  for (const delayMs of [100, 200, 400]) await clock.sleep(delayMs);
  assert.deepEqual([clock.now(), clock.sleptMs, rungAtMs], [700, [100, 200, 400], 250]);
});
