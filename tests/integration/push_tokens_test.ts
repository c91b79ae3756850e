import assert from "node:assert/strict";
import { push } from "../../lib/commands/push/push.ts";
import { dockerSaveMembers, tarBytes } from "../support/archives.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { meddle } from "../support/registry/connection_faults.ts";
import { seededBytes } from "../support/seeded_random.ts";
import { makeTempDir, type TempDir } from "../support/temp_dir.ts";
import { makeTestContext } from "../support/test_context.ts";
import { startTestRegistry, type TestRegistry } from "../support/test_registry.ts";

const MIB = 2 ** 20;
const PARTS = 5;

/** Pushes an image of one layer in parts of 1 MiB. */
async function pushInParts(registry: TestRegistry, dir: TempDir, clock: FakeClock): Promise<void> {
  const members = await dockerSaveMembers([{ layers: [seededBytes(PARTS * MIB)] }]);
  await Deno.writeFile(dir.join("app.tar"), tarBytes(members));
  await push({
    archives: [dir.join("app.tar")],
    targets: [`${registry.host}/team/app:1`],
    credentials: { username: "ann", password: "pw" },
    chunkSizeBytes: MIB,
    stateDir: dir.join("state"),
  }, makeTestContext({ clock }));
}

function startRegistry(clock: FakeClock): TestRegistry {
  const auth = { type: "bearer", users: { ann: "pw" }, tokenLifetimeSeconds: 90 } as const;
  return startTestRegistry({ auth, clock });
}

function count({ requests }: TestRegistry, kind: string, status: number): number {
  return requests.filter((request) => request.kind === kind && request.status === status).length;
}

Deno.test("push() renews a token before it expires during an upload, and is never refused", async () => {
  await using dir = await makeTempDir();
  const clock = new FakeClock();
  await using registry = startRegistry(clock);
  // A token is good for 90 s and is renewed after 60.
  registry.addFault({ on: "append", times: Infinity, do: meddle(() => clock.advance(40_000)) });
  await pushInParts(registry, dir, clock);
  assert.equal(count(registry, "append", 202), PARTS);
  assert.equal(count(registry, "append", 401) + count(registry, "commit", 401), 0);
  assert(count(registry, "token", 200) >= 3, "a new one for every second part");
  assert.equal(registry.repository("team/app").tags.size, 1);
});

Deno.test("push() gets a new token and repeats the part when one is revoked during an upload", async () => {
  await using dir = await makeTempDir();
  const clock = new FakeClock();
  await using registry = startRegistry(clock);
  registry.addFault({ on: "append", nth: 3, do: meddle(() => registry.revokeTokens()) });
  await pushInParts(registry, dir, clock);
  assert.deepEqual([count(registry, "append", 202), count(registry, "append", 401)], [PARTS, 1]);
  assert.equal(registry.repository("team/app").tags.size, 1);
});
