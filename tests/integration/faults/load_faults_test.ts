import assert from "node:assert/strict";
import { isPusherError } from "../../../lib/errors.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { makePushStage, type PushRun } from "../../support/push_stage.ts";
import { refuse } from "../../support/registry/answer_faults.ts";
import { meddle, waitFor } from "../../support/registry/connection_faults.ts";
import type { Fault } from "../../support/registry/fault.ts";
import type { RequestKind } from "../../support/registry/routes.ts";
import { loseSession } from "../../support/registry/upload_quirks.ts";
import { startTestRegistry, type TestRegistry } from "../../support/test_registry.ts";

const MIB = 2 ** 20;
const THREE_LAYERS = [3 * MIB, 3.25 * MIB, 3.5 * MIB];
/** Our own first wait, where the registry names none. */
const OWN_DELAY_MS = 1_000;

/** Waits for something that other tasks of this process bring about. */
async function until(condition: () => boolean): Promise<void> {
  const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));
  for (let turns = 0; !condition(); turns++) {
    assert.ok(turns < 20_000, "it never came to that");
    await turn();
  }
}

/** Waits until what was on its way has been answered, and nothing more is asked. */
async function untilQuiet(registry: TestRegistry): Promise<void> {
  let asked = 0;
  let quietTurns = 0;
  await until(() => {
    const isQuiet = registry.requests.length === asked &&
      registry.requests.every(({ status }) => status !== undefined);
    asked = registry.requests.length;
    return (quietTurns = isQuiet ? quietTurns + 1 : 0) > 50;
  });
}

const RETRY_AFTER: readonly [string, (nowMs: number) => string | undefined, number][] = [
  ["in seconds", () => "30", 30_000],
  ["as a date", (nowMs) => new Date(nowMs + 30_000).toUTCString(), 30_000],
  ["that is garbage", () => "soon", OWN_DELAY_MS],
  ["in the past", (nowMs) => new Date(nowMs - 30_000).toUTCString(), OWN_DELAY_MS],
  ["that is missing", () => undefined, OWN_DELAY_MS],
];

for (const status of [429, 503]) {
  for (const on of ["head-blob", "start-upload", "append", "commit"] as const) {
    for (const [form, retryAfter, waitMs] of RETRY_AFTER.slice(0, on === "append" ? undefined : 1)) {
      Deno.test(`${status} to ${on} with a Retry-After ${form} keeps all workers away until then`, async () => {
        const clock = new FakeClock();
        await using stage = await makePushStage({ clock, layerBytes: THREE_LAYERS });
        await using registry = startTestRegistry();
        const value = retryAfter(clock.now());
        const headers = value === undefined ? {} : { "Retry-After": value };
        registry.addFault({ on, nth: 2, do: refuse(status, "TOOMANYREQUESTS", { headers }) });
        const pushing = stage.push(registry);
        await until(() => clock.sleptMs.length > 0);
        await untilQuiet(registry);
        const before = registry.requests.length;
        await clock.advance(waitMs - 1);
        assert.equal(registry.requests.length, before, "nobody asks before the time");
        await clock.advance(waitMs + 10_000);
        stage.assertPushed(await pushing, registry);
      });
    }
  }
}

Deno.test("429 to a manifest is waited for as the registry asks", async () => {
  const clock = new FakeClock({ autoAdvance: true });
  await using stage = await makePushStage({ clock });
  await using registry = startTestRegistry();
  const headers = { "Retry-After": "120" };
  registry.addFault({ on: "put-manifest", do: refuse(429, "TOOMANYREQUESTS", { headers }) });
  stage.assertPushed(await stage.push(registry), registry);
  assert.ok(clock.sleptMs.some((sleptMs) => sleptMs >= 120_000));
});

Deno.test("429 to the first question of all is waited for", async () => {
  const clock = new FakeClock({ autoAdvance: true });
  await using stage = await makePushStage({ clock });
  await using registry = startTestRegistry();
  registry.addFault({ on: "ping", do: refuse(429, "TOOMANYREQUESTS", { headers: { "Retry-After": "7" } }) });
  stage.assertPushed(await stage.push(registry), registry);
  assert.ok(clock.sleptMs[0]! >= 7_000);
});

Deno.test("a Retry-After of an hour is not waited for, but told", async () => {
  const clock = new FakeClock({ autoAdvance: true });
  await using stage = await makePushStage({ clock });
  await using registry = startTestRegistry();
  const headers = { "Retry-After": "3600" };
  registry.addFault({ on: "append", nth: 2, do: refuse(429, "TOOMANYREQUESTS", { headers }) });
  const { error } = await stage.push(registry);
  assert.ok(isPusherError(error, "REGISTRY_UNAVAILABLE"), String(error));
  assert.equal(error.detail.retryAfterMs, 3_600_000);
  assert.match(error.hint ?? "", /rate of requests/);
  assert.deepEqual(clock.sleptMs, []);
  assert.equal((await stage.journal()).length, 1, "the next run goes on");
  stage.assertPushed(await stage.push(registry), registry);
});

/** Notes how many parts are on their way at once, from the start of each. */
function watchParts(): { fault: Fault; atOnce: number[] } {
  let now = 0;
  const atOnce: number[] = [];
  const fault: Fault = {
    on: "append",
    times: Infinity,
    do: async (_, next) => {
      atOnce.push(++now);
      try {
        return await next();
      } finally {
        now--;
      }
    },
  };
  return { fault, atOnce };
}

/** Holds a part until the next one comes, which it does only if two may be on their way at once. */
function waitForNextPart(nth: number): Fault[] {
  const next = Promise.withResolvers<void>();
  return [
    { on: "append", nth, do: waitFor(next.promise, "before-body") },
    { on: "append", nth: nth + 1, do: meddle(() => next.resolve()) },
  ];
}

const STORMS: readonly [string, Fault["do"]][] = [
  ["503 comes", refuse(503, "UNAVAILABLE")],
  ["429 comes", refuse(429, "TOOMANYREQUESTS")],
  ["uploads vanish", meddle(loseSession)],
];

for (const [what, behaviour] of STORMS) {
  Deno.test(`fewer parts go out at once when ${what}, and more again when it is calm`, async () => {
    await using stage = await makePushStage({ layerBytes: [9 * MIB, 9.25 * MIB, 9.5 * MIB] });
    const { fault, atOnce } = watchParts();
    const faults = [...waitForNextPart(1), ...waitForNextPart(20), fault];
    await using registry = startTestRegistry({ faults });
    const storm = registry.addFault({ on: "append", nth: 4, times: 2, do: behaviour });
    const run = await stage.push(registry);
    stage.assertPushed(run, registry);
    assert.equal(storm.strikes, 2);
    // What was on its way when the trouble began ends; after that one goes at a time, until five went through.
    assert.ok(atOnce.slice(0, 4).some((parts) => parts > 1), `parts at once: ${atOnce}`);
    assert.match(atOnce.slice(4).join(), /1,1,1/);
  });
}

Deno.test("a registry that never comes out of trouble ends the push with what it said", async () => {
  const clock = new FakeClock({ autoAdvance: true });
  for (
    const on of ["ping", "head-blob", "start-upload", "append", "commit", "put-manifest"] as RequestKind[]
  ) {
    await using stage = await makePushStage({ clock });
    await using registry = startTestRegistry();
    registry.addFault({
      on,
      times: Infinity,
      do: refuse(503, "UNAVAILABLE", { message: "under maintenance" }),
    });
    const { error }: PushRun = await stage.push(registry);
    assert.ok(isPusherError(error, "REGISTRY_UNAVAILABLE"), `${on}: ${error}`);
    const said = on === "head-blob"
      ? /answered 503, after 5/
      : /503 UNAVAILABLE: under maintenance, after 5 attempts$/;
    assert.match(error.message, said);
    assert.equal(registry.repository("app").tags.size, 0);
    const asked = registry.requests.filter(({ kind }) => kind === on).length;
    assert.equal(asked, 5, `${on} was asked ${asked} times`);
  }
});
