import assert from "node:assert/strict";
import { createDenoCommandRunner } from "../../../lib/runtimes/deno_command_runner.ts";
import { type Clock, systemClock } from "../../../lib/util/clock.ts";
import { FakeClock } from "../../support/fake_clock.ts";

const never = new AbortController().signal;
/** These tests drive a POSIX shell. */
const ignore = Deno.build.os === "windows";

Deno.test({
  name: "start() passes arguments as they are and gives output, complaints and exit code",
  ignore,
  async fn() {
    const runner = createDenoCommandRunner(systemClock);
    const script = 'printf "%s|" "$@"; echo "it failed" >&2; exit 3';
    await using command = runner.start(["sh", "-c", script, "sh", "a b", "$(id)", "--x=*"], never);
    assert.equal(await new Response(command.stdout).text(), "a b|$(id)|--x=*|");
    assert.deepEqual(await command.ended, { exitCode: 3, stderr: "it failed" });
  },
});

Deno.test({
  name: "start() gives the program our environment and nothing to read",
  ignore,
  async fn() {
    const runner = createDenoCommandRunner(systemClock);
    await using command = runner.start(["sh", "-c", 'cat; printf "%s" "$PATH"'], never);
    assert.equal(await new Response(command.stdout).text(), Deno.env.get("PATH"));
  },
});

Deno.test("start() throws NotFound for a program that is not there", () => {
  const runner = createDenoCommandRunner(systemClock);
  assert.throws(() => runner.start(["no-such-program-anywhere"], never), Deno.errors.NotFound);
});

Deno.test("start() starts nothing when it is too late", () => {
  const runner = createDenoCommandRunner(systemClock);
  const reason = new Error("enough");
  assert.throws(() => runner.start(["deno"], AbortSignal.abort(reason)), reason);
});

Deno.test({
  name: "start() ends the program when its signal is aborted",
  ignore,
  async fn() {
    const stop = new AbortController();
    const runner = createDenoCommandRunner(systemClock);
    await using command = runner.start(["sh", "-c", "echo ready; exec sleep 600"], stop.signal);
    await firstBytes(command.stdout);
    stop.abort();
    assert.equal((await command.ended).exitCode, 128 + 15);
  },
});

Deno.test({
  name: "start() ends a program that nobody reads any more",
  ignore,
  async fn() {
    const runner = createDenoCommandRunner(systemClock);
    const command = runner.start(["sh", "-c", "while :; do echo more; done"], never);
    await command[Symbol.asyncDispose]();
    assert.notEqual((await command.ended).exitCode, 0);
  },
});

Deno.test({
  name: "start() kills a program that does not obey",
  ignore,
  async fn() {
    const clock = new FakeClock();
    const stop = new AbortController();
    const runner = createDenoCommandRunner(clock);
    await using command = runner.start(["sh", "-c", "trap '' TERM; echo ready; exec sleep 600"], stop.signal);
    await firstBytes(command.stdout);
    stop.abort();
    await clock.advance(5_000);
    assert.equal((await command.ended).exitCode, 128 + 9);
  },
});

Deno.test({
  name: "start() does not wait for the complaints of a child the program leaves behind",
  ignore,
  async fn() {
    const { promise: hasEnded, resolve: ended } = Promise.withResolvers<void>();
    const clock: Clock = {
      ...systemClock,
      timer(durationMs, callback) {
        assert.equal(durationMs, 1_000);
        ended();
        callback();
        return { [Symbol.dispose]() {} };
      },
    };
    const runner = createDenoCommandRunner(clock);
    const script = "sleep 600 >/dev/null & echo $!; echo words >&2";
    await using command = runner.start(["sh", "-c", script], never);
    const child = Number(await new Response(command.stdout).text());
    await hasEnded;
    assert.deepEqual(await command.ended, { exitCode: 0, stderr: "words" });
    Deno.kill(child, "SIGKILL");
  },
});

/** Waits until the program says something, which is not thrown away with the stream. */
async function firstBytes(stdout: ReadableStream<Uint8Array>): Promise<void> {
  const reader = stdout.getReader();
  await reader.read();
  reader.releaseLock();
}
