import assert from "node:assert/strict";
import type { CommandContext } from "../../../lib/commands/command_context.ts";
import { logout } from "../../../lib/commands/logout.ts";
import { isPusherError } from "../../../lib/errors.ts";
import { CredentialStore } from "../../../lib/state/credential_store.ts";
import type { TransferEvent } from "../../../lib/transfer/events.ts";
import { systemClock } from "../../../lib/util/clock.ts";
import { fileNames } from "../../support/file_names.ts";
import { makeTempDir } from "../../support/temp_dir.ts";

function contextWith(variables: Record<string, string> = {}): CommandContext & { events: TransferEvent[] } {
  const events: TransferEvent[] = [];
  return {
    signal: new AbortController().signal,
    clock: systemClock,
    random: () => 0.5,
    env: (name) => variables[name],
    onEvent: (event) => events.push(event),
    events,
  };
}

async function storeWith(directory: string, ...registries: string[]): Promise<CredentialStore> {
  const store = new CredentialStore(directory, {
    clock: systemClock,
    onWarning: (message) => assert.fail(message),
  });
  for (const registry of registries) await store.set(registry, { username: "ann", password: "secret" });
  return store;
}

Deno.test("logout() forgets one registry and no other", async () => {
  await using temp = await makeTempDir();
  const store = await storeWith(temp.path, "docker.io", "localhost:5000");
  const stateDir = temp.path;
  assert.deepEqual(await logout({ registry: "index.docker.io", stateDir }, contextWith()), {
    registry: "docker.io",
    removed: true,
  });
  assert.deepEqual((await store.list()).map(({ registry }) => registry), ["localhost:5000"]);
});

Deno.test("logout() finds the state directory by the variable", async () => {
  await using temp = await makeTempDir();
  await storeWith(temp.path, "a.example");
  const context = contextWith({ DOCKER_IMAGE_PUSHER_STATE_DIR: temp.path });
  assert.equal((await logout({ registry: "a.example" }, context)).removed, true);
});

Deno.test("logout() says so when there was no login, and creates nothing", async () => {
  await using temp = await makeTempDir();
  const report = await logout({ registry: "a.example", stateDir: `${temp.path}/state` }, contextWith());
  assert.deepEqual(report, { registry: "a.example", removed: false });
  assert.deepEqual(await fileNames(temp.path), []);
});

Deno.test({
  name: "logout() passes warnings on",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using temp = await makeTempDir();
    await storeWith(temp.path, "a.example");
    await Deno.chmod(`${temp.path}/credentials.json`, 0o644);
    const context = contextWith();
    await logout({ registry: "a.example", stateDir: temp.path }, context);
    assert.deepEqual(context.events.map(({ type }) => type), ["warning"]);
  },
});

Deno.test("logout() fails on what is no registry", async () => {
  await assert.rejects(
    logout({ registry: "https://a.example" }, contextWith()),
    (error) => isPusherError(error, "REFERENCE_INVALID"),
  );
});
