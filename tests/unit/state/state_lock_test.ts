import assert from "node:assert/strict";
import { isPusherError } from "../../../lib/errors.ts";
import { lockState } from "../../../lib/state/state_lock.ts";
import { systemClock } from "../../../lib/util/clock.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { makeTempDir } from "../../support/temp_dir.ts";

/** Sleeps take no time, but each does something first. */
function sleepingClock(onSleep: () => void): FakeClock {
  const clock = new FakeClock({ autoAdvance: true });
  const sleep = clock.sleep.bind(clock);
  clock.sleep = (durationMs) => {
    onSleep();
    return sleep(durationMs);
  };
  return clock;
}

Deno.test("lockState() creates the directory for its owner only", async () => {
  await using temp = await makeTempDir();
  using _lock = await lockState(`${temp.path}/a/b`, systemClock);
  const { mode } = await Deno.stat(`${temp.path}/a/b`);
  if (Deno.build.os !== "windows") assert.equal(mode! & 0o777, 0o700);
});

Deno.test("lockState() waits until the other lock is gone", async () => {
  await using temp = await makeTempDir();
  const first = await lockState(temp.path, systemClock);
  let sleeps = 0;
  const clock = sleepingClock(() => {
    if (++sleeps === 3) first[Symbol.dispose]();
  });
  using _second = await lockState(temp.path, clock);
  assert.equal(sleeps, 3);
});

Deno.test("lockState() gives up after ten seconds", async () => {
  await using temp = await makeTempDir();
  using _first = await lockState(temp.path, systemClock);
  const clock = new FakeClock({ autoAdvance: true });
  const startMs = clock.now();
  await assert.rejects(
    lockState(temp.path, clock),
    (error) =>
      isPusherError(error, "STATE_LOCKED") && error.retryable && error.detail.path.startsWith(temp.path),
  );
  assert.equal(clock.now() - startMs, 10_000);
});

Deno.test("lockState() is free again when the process that held it was killed", async () => {
  await using temp = await makeTempDir();
  const script = new URL("./hold_lock.ts", import.meta.url).href;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-lock", script, temp.path],
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  const clock = new FakeClock({ autoAdvance: true });
  await assert.rejects(lockState(temp.path, clock), (error) => isPusherError(error, "STATE_LOCKED"));
  child.kill("SIGKILL");
  await child.status;
  await reader.cancel();
  using _lock = await lockState(temp.path, sleepingClock(() => assert.fail("it had to wait")));
});

Deno.test("lockState() fails when the directory cannot be made", async () => {
  await using temp = await makeTempDir();
  await Deno.writeTextFile(`${temp.path}/file`, "");
  await assert.rejects(
    lockState(`${temp.path}/file/state`, systemClock),
    (error) =>
      isPusherError(error, "STATE_UNWRITABLE") && error.detail.path === `${temp.path}/file/state` &&
      /not a directory/.test(error.message) && error.hint !== undefined,
  );
});
