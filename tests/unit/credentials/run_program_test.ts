import assert from "node:assert/strict";
import { runProgram } from "../../../lib/credentials/run_program.ts";
import { type Clock, systemClock } from "../../../lib/util/clock.ts";

/** Ten times as fast as the real one. */
const fastClock: Clock = {
  ...systemClock,
  timer: (durationMs, callback) => systemClock.timer(durationMs / 10, callback),
};
const options = { stdin: "", clock: fastClock, signal: new AbortController().signal };
const isWindows = Deno.build.os === "windows";

Deno.test({
  name: "runProgram() gives input, output and exit code, and does not wait for what a program leaves running",
  ignore: isWindows,
  async fn() {
    const script = "cat; echo trouble >&2; sleep 60 & echo $! >&2; exit 7";
    const { exitCode, stdout, stderr, isLate, isCut } = await runProgram(["sh", "-c", script], {
      ...options,
      stdin: "hello ä",
    });
    const [words, left] = stderr.split("\n");
    Deno.kill(Number(left), "SIGKILL");
    assert.deepEqual([exitCode, stdout, words, isLate, isCut], [7, "hello ä", "trouble", false, false]);
  },
});

Deno.test({
  name: "runProgram() is not held up by a program that reads nothing of a long input",
  ignore: isWindows,
  async fn() {
    const { exitCode } = await runProgram(["true"], { ...options, stdin: "x".repeat(2 ** 20) });
    assert.equal(exitCode, 0);
  },
});

Deno.test("runProgram() starts nothing once it is stopped", async () => {
  const signal = AbortSignal.abort(new Error("stopped"));
  await assert.rejects(runProgram(["no-such-program"], { ...options, signal }), /stopped/);
});
