import assert from "node:assert/strict";
import { runCli } from "../../lib/cli/app.ts";
import type { CommandContext } from "../../lib/commands/command_context.ts";
import { login } from "../../lib/commands/login.ts";
import { push } from "../../lib/commands/push/push.ts";
import { isPusherError, PusherError } from "../../lib/errors.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { refuse } from "../support/registry/answer_faults.ts";
import { stall } from "../support/registry/connection_faults.ts";
import { makeTempDir, type TempDir } from "../support/temp_dir.ts";
import { makeTestContext } from "../support/test_context.ts";
import { startTestRegistry, type TestRegistry } from "../support/test_registry.ts";
import { FakeHost } from "../unit/cli/fake_host.ts";

const ARCHIVE = new URL("../fixtures/archives/docker2010-one.tar", import.meta.url).pathname;

function pushTo({ host }: TestRegistry, dir: TempDir, context: CommandContext): ReturnType<typeof push> {
  return push({ archives: [ARCHIVE], targets: [`${host}/team/app:1`], stateDir: dir.join("state") }, context);
}

const WORK = {
  push: pushTo,
  login: ({ host }: TestRegistry, dir: TempDir, context: CommandContext): ReturnType<typeof login> =>
    login({ registry: host, username: "ann", password: "pw", stateDir: dir.join("state") }, context),
};

for (const [name, work] of Object.entries(WORK)) {
  Deno.test(`${name}() says why it waits for a registry that does not answer well`, async () => {
    await using dir = await makeTempDir();
    await using registry = startTestRegistry({
      faults: [{ on: "ping", times: 2, do: refuse(503, "UNAVAILABLE", { message: "starting up" }) }],
    });
    const context = makeTestContext();
    await work(registry, dir, context);
    const reason = `Cannot reach "${registry.host}": the registry answered 503 UNAVAILABLE: starting up`;
    assert.deepEqual(context.events.filter(({ type }) => type === "warning"), [
      { type: "warning", message: `${reason}; trying again in 1s` },
      { type: "warning", message: `${reason}; trying again in 2s` },
    ]);
  });
}

Deno.test("push() that is stopped while it connects goes no further", async () => {
  await using dir = await makeTempDir();
  const stop = new AbortController();
  await using registry = startTestRegistry({
    faults: [{
      on: "ping",
      do: (exchange, next) => {
        stop.abort(new PusherError("CANCELED", "Stopped", { detail: {} }));
        return stall("before-body")(exchange, next);
      },
    }],
  });
  const context = makeTestContext({ signal: stop.signal });
  await assert.rejects(pushTo(registry, dir, context), (error) => isPusherError(error, "CANCELED"));
  assert.deepEqual(context.events.map(({ type }) => type), ["archive:ready", "notice"]);
});

Deno.test("runCli() says so when nothing listens, after it has waited a while", async () => {
  await using dir = await makeTempDir();
  const host = Object.assign(new FakeHost(), { clock: new FakeClock({ autoAdvance: true }) });
  // A port below 1024, so that no server of another test gets it.
  const push = ["push", ARCHIVE, "-t", "127.0.0.1:2/app:1", "--state-dir", dir.join("state")];
  assert.equal(await runCli(push, host), 5);
  const stderr = host.stderr.text;
  assert.equal(stderr.match(/^warning: .* was refused; trying again in \d+s$/gm)?.length, 4, stderr);
  assert.match(
    stderr,
    /^error: Cannot reach "127\.0\.0\.1:2": the connection was refused, after 5 attempts\n/m,
  );
  assert.match(stderr, /^hint: Check the port, and that the registry is running\.\n$/m);
  assert.doesNotMatch(stderr, /^pushing/m);
});
