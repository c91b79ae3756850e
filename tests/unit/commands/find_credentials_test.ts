import assert from "node:assert/strict";
import { findCredentials } from "../../../lib/commands/find_credentials.ts";
import { isPusherError } from "../../../lib/errors.ts";
import { CredentialStore } from "../../../lib/state/credential_store.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { makeTempDir } from "../../support/temp_dir.ts";

const GIVEN = { username: "given", password: "1" };
const STORED = { username: "stored", password: "2" };
const ENV = { DOCKER_USERNAME: "env", DOCKER_PASSWORD: "3" };

function storeIn(directory: string): CredentialStore {
  return new CredentialStore(directory, { clock: new FakeClock(), onWarning: () => {} });
}

Deno.test("findCredentials() takes the command line's, else the environment's, else those of a login", async () => {
  await using dir = await makeTempDir();
  const store = storeIn(dir.path);
  await store.set("r.example", STORED);
  const cases: [string, typeof GIVEN | undefined, Record<string, string>, typeof GIVEN | undefined][] = [
    ["r.example", GIVEN, ENV, GIVEN],
    ["r.example", undefined, ENV, { username: "env", password: "3" }],
    ["r.example", undefined, {}, STORED],
    ["other.example", undefined, {}, undefined],
    // Half of a pair is none.
    ["r.example", undefined, { DOCKER_USERNAME: "env" }, STORED],
    ["r.example", undefined, { DOCKER_PASSWORD: "3" }, STORED],
    ["r.example", undefined, { DOCKER_USERNAME: "", DOCKER_PASSWORD: "3" }, STORED],
  ];
  for (const [registry, given, env, expected] of cases) {
    const found = await findCredentials(registry, { given, store, env: (name) => env[name] });
    assert.deepEqual(found, expected);
  }
});

Deno.test("findCredentials() does not look into a store that it does not need", async () => {
  await using dir = await makeTempDir();
  await Deno.writeTextFile(dir.join("credentials.json"), "{broken");
  const store = storeIn(dir.path);
  const nothing = (): undefined => undefined;
  assert.deepEqual(await findCredentials("r.example", { given: GIVEN, store, env: nothing }), GIVEN);
  await assert.rejects(
    findCredentials("r.example", { given: undefined, store, env: nothing }),
    (error) => isPusherError(error, "STATE_CORRUPT"),
  );
});
