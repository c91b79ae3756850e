import assert from "node:assert/strict";
import { knownValues } from "../../../lib/commands/known_values.ts";
import { sha256Digest } from "../../../lib/spec/digest.ts";
import { CredentialStore } from "../../../lib/state/credential_store.ts";
import { PushHistory } from "../../../lib/state/push_history.ts";
import { systemClock } from "../../../lib/util/clock.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { createFakeRunner } from "../../support/fake_runner.ts";
import { makeTempDir, type TempDir } from "../../support/temp_dir.ts";
import { makeTestContext } from "../../support/test_context.ts";

async function makeState(): Promise<TempDir> {
  const temp = await makeTempDir();
  const options = { clock: systemClock, onWarning: (message: string) => assert.fail(message) };
  const push = (target: string) => ({
    image: "app:1",
    target,
    digest: sha256Digest("a".repeat(64)),
    pushedAt: "2026-01-01T00:00:00.000Z",
    confirmed: true,
  });
  const targets = ["a.example/app:1", "b.example:5000/app:1", "a.example/app:1", "$(reboot)/app:1"];
  await new PushHistory(temp.path, options).append(targets.map(push));
  const store = new CredentialStore(temp.path, options);
  for (const registry of ["c.example", "a.example"]) {
    await store.set(registry, { username: "u", password: "p" });
  }
  return temp;
}

Deno.test("knownValues() gives targets of the past, the newest first, but nothing a shell would expand", async () => {
  await using state = await makeState();
  const values = await knownValues({ source: "targets", stateDir: state.path }, makeTestContext());
  assert.deepEqual(values, ["a.example/app:1", "b.example:5000/app:1"]);
});

Deno.test("knownValues() gives registries that were pushed to, then those with a login", async () => {
  await using state = await makeState();
  const values = await knownValues({ source: "registries", stateDir: state.path }, makeTestContext());
  assert.deepEqual(values, ["a.example", "b.example:5000", "c.example"]);
});

Deno.test("knownValues() gives the names of local images", async () => {
  const runner = createFakeRunner({
    "podman info *": { stdout: "4.3.1\n" },
    "podman images *": {
      stdout: `[{"Id":"${"e".repeat(64)}","Names":["docker.io/library/app:1","localhost/b:2"]}]`,
    },
  });
  const values = await knownValues({ source: "images", runner }, makeTestContext());
  assert.deepEqual(values, ["docker.io/library/app:1", "localhost/b:2"]);
});

Deno.test("knownValues() does not wait for a runtime that hangs", async () => {
  const runner = createFakeRunner({ "docker version *": { exitCode: "never" } });
  const clock = new FakeClock();
  const context = makeTestContext({ clock });
  const asked = assert.rejects(knownValues({ source: "images", runner }, context));
  await clock.advance(1_500);
  await asked;
  assert.equal(runner.disposed.length, 1);
});
