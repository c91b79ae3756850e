import assert from "node:assert/strict";
import { isPusherError } from "../../../lib/errors.ts";
import { findRuntime, type FindRuntimeOptions } from "../../../lib/runtimes/find_runtime.ts";
import { systemClock } from "../../../lib/util/clock.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { createFakeRunner, type FakeProgram } from "../../support/fake_runner.ts";

const NO_DAEMON: FakeProgram = {
  stdout: "\n",
  stderr: "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
  exitCode: 1,
};

function options(
  programs: Record<string, FakeProgram>,
  more: Partial<FindRuntimeOptions> = {},
): FindRuntimeOptions {
  const signal = new AbortController().signal;
  return { runner: createFakeRunner(programs), clock: systemClock, signal, ...more };
}

Deno.test("findRuntime() prefers docker, then nerdctl, then podman", async () => {
  const works = { stdout: "1.0\n" };
  const all = { "docker *": works, "nerdctl *": works, "podman *": works };
  assert.equal((await findRuntime(options(all))).name, "docker");
  assert.equal((await findRuntime(options({ "nerdctl *": works, "podman *": works }))).name, "nerdctl");
  assert.equal((await findRuntime(options({ "podman *": works }))).name, "podman");
});

Deno.test("findRuntime() passes over a client whose daemon does not answer", async () => {
  const runtime = await findRuntime(options({ "docker *": NO_DAEMON, "podman *": { stdout: "4.3.1\n" } }));
  assert.equal(runtime.name, "podman");
});

Deno.test("findRuntime() tries only the one that is named", async () => {
  const works = { stdout: "1.0\n" };
  const both = { "docker *": works, "podman *": works };
  assert.equal((await findRuntime(options(both, { name: "podman" }))).name, "podman");
  await assert.rejects(
    findRuntime(options(both, { name: "nerdctl" })),
    (error) =>
      isPusherError(error, "RUNTIME_NOT_FOUND") && error.detail.tried.join() === "nerdctl: not installed" &&
      /without --runtime|leave out --runtime/.test(error.hint ?? ""),
  );
});

Deno.test("findRuntime() says of each runtime why it cannot be used", async () => {
  const programs = { "docker *": NO_DAEMON, "podman *": { exitCode: 125 } };
  await assert.rejects(findRuntime(options(programs)), (error) => {
    assert.ok(isPusherError(error, "RUNTIME_NOT_FOUND"));
    assert.deepEqual(error.detail.tried, [
      "docker: Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
      "nerdctl: not installed",
      "podman: exit code 125",
    ]);
    for (const words of error.detail.tried) assert.ok(error.message.includes(words));
    assert.ok(error.hint);
    return true;
  });
});

Deno.test("findRuntime() does not wait for ever for a daemon that hangs", async () => {
  const clock = new FakeClock();
  const programs = { "docker *": { exitCode: "never" } } as const;
  const found = assert.rejects(
    findRuntime(options(programs, { clock, name: "docker" })),
    (error) =>
      isPusherError(error, "RUNTIME_NOT_FOUND") &&
      error.detail.tried.join() === "docker: no answer within 10 seconds",
  );
  await clock.advance(10_000);
  await found;
});

Deno.test("findRuntime() stops when the user does", async () => {
  const stop = new AbortController();
  const found = findRuntime(options({ "docker *": { exitCode: "never" } }, { signal: stop.signal }));
  const reason = new Error("enough");
  stop.abort(reason);
  await assert.rejects(found, reason);
});
