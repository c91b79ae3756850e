import assert from "node:assert/strict";
import { isPusherError } from "../../lib/errors.ts";
import { mountBadDisk } from "../support/bad_disk.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { writeLargeArchive } from "../support/large_archive.ts";
import { layerBodies, makePushStage, type PushRun, type PushStage } from "../support/push_stage.ts";
import { testWith } from "../support/real_parts.ts";
import { refuse, withHeader } from "../support/registry/answer_faults.ts";
import { dropConnection, meddle } from "../support/registry/connection_faults.ts";
import { runCli } from "../support/run_cli.ts";
import { startTestRegistry, type TestRegistry } from "../support/test_registry.ts";

const MIB = 2 ** 20;
const IN_ORDER = ["PATCH 1", "PATCH 1", "PATCH 1", "PATCH 0.5"];

/** A push that broke off for good after two parts, and what comes after it. */
interface Aftermath extends AsyncDisposable {
  stage: PushStage;
  registry: TestRegistry;
  clock: FakeClock;
  /** Pushes once more; gives what was sent of the layer, too. */
  push(options?: Parameters<PushStage["push"]>[1]): Promise<PushRun & { bodies: string[] }>;
}

async function breakOff({ stateDir }: { stateDir?: string } = {}): Promise<Aftermath> {
  await using resources = new AsyncDisposableStack();
  const clock = new FakeClock({ autoAdvance: true });
  const stage = resources.use(await makePushStage({ clock }));
  const registry = resources.use(startTestRegistry());
  const outage = registry.addFault({
    on: ["append", "status", "head-blob"],
    nth: 4,
    times: Infinity,
    do: dropConnection("before-body"),
  });
  const { error } = await stage.push(registry, stateDir === undefined ? {} : { stateDir });
  assert.ok(isPusherError(error, "NETWORK"), String(error));
  if (stateDir === undefined) assert.equal((await stage.journal()).length, 1);
  outage.remove();
  const held = resources.move();
  return {
    stage,
    registry,
    clock,
    async push(options = {}) {
      const before = registry.requests.length;
      const run = await stage.push(registry, options);
      return { ...run, bodies: layerBodies({ requests: registry.requests.slice(before) }) };
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/** What a run told of in words. */
function messages(run: PushRun): string {
  return run.events.map((event) => "message" in event ? `${event.type}: ${event.message}` : "").join("\n");
}

Deno.test("a push goes on where an earlier one broke off, and leaves nothing behind", async () => {
  await using aftermath = await breakOff();
  const run = await aftermath.push();
  aftermath.stage.assertPushed(run, aftermath.registry);
  assert.deepEqual(run.bodies, IN_ORDER.slice(2));
  const resumed = run.events.find((event) => event.type === "blob:resumed");
  assert.equal(resumed?.offsetBytes, 2 * MIB);
  assert.deepEqual(await aftermath.stage.journal(), []);
});

Deno.test("a push that is stopped within its first part goes on from what the registry kept of it", async () => {
  await using stage = await makePushStage();
  await using registry = startTestRegistry();
  const stop = new AbortController();
  registry.addFault({ on: "append", do: dropConnection({ afterBodyBytes: MIB / 2 }) });
  registry.addFault({ on: "status", do: meddle(() => stop.abort(new Error("stopped"))) });
  assert.match(String((await stage.push(registry, {}, stop.signal)).error), /stopped/);
  const run = await stage.push(registry);
  stage.assertPushed(run, registry);
  assert.deepEqual(layerBodies(registry), ["PATCH cut", "PATCH 1", "PATCH 1", "PATCH 1"]);
  assert.equal(run.events.find((event) => event.type === "blob:resumed")?.offsetBytes, MIB / 2);
});

Deno.test("a push goes on in parts that the registry named the limits of", async () => {
  for (
    const [header, sizeBytes, part] of [["Max", MIB, "PATCH 1"], ["Min", 1.5 * MIB, "PATCH 1.5"]] as const
  ) {
    await using stage = await makePushStage({ layerBytes: [4.5 * MIB] });
    await using registry = startTestRegistry();
    const limit = withHeader(`OCI-Chunk-${header}-Length`, String(sizeBytes));
    registry.addFault({ on: "start-upload", times: Infinity, do: limit });
    const outage = registry.addFault({ on: "append", nth: 3, times: Infinity, do: refuse(403, "DENIED") });
    const options = { chunkSizeBytes: header === "Max" ? 2 * MIB : MIB };
    await stage.push(registry, options);
    outage.remove();
    const before = registry.requests.length;
    stage.assertPushed(await stage.push(registry, options), registry);
    assert.equal(layerBodies({ requests: registry.requests.slice(before) })[0], part);
  }
});

Deno.test("a push goes on even if the archive is called something else by now", async () => {
  await using aftermath = await breakOff();
  const { archivePath } = aftermath.stage;
  const run = await aftermath.push({
    archives: [`${archivePath.slice(0, archivePath.lastIndexOf("/"))}/./image.tar`],
  });
  aftermath.stage.assertPushed(run, aftermath.registry);
});

const CHANGES: readonly [string, (path: string) => Promise<unknown>][] = [
  ["another time", (path) => Deno.utime(path, 1, 1)],
  ["another size", (path) => Deno.writeFile(path, new Uint8Array(512), { append: true })],
];

for (const [what, change] of CHANGES) {
  Deno.test(`an archive with ${what} starts over, and says so`, async () => {
    await using aftermath = await breakOff();
    await change(aftermath.stage.archivePath);
    const run = await aftermath.push();
    aftermath.stage.assertPushed(run, aftermath.registry);
    assert.deepEqual(run.bodies, IN_ORDER);
    assert.match(
      messages(run),
      /notice: The upload of [0-9a-f]{12} to .* starts over: the archive changed since/,
    );
    assert.deepEqual(await aftermath.stage.journal(), []);
  });
}

Deno.test("an archive with another layer uploads that", async () => {
  await using aftermath = await breakOff();
  const [layer] = await writeLargeArchive(aftermath.stage.archivePath, [3 * MIB, 2 * MIB]);
  const run = await aftermath.push();
  assert.equal(run.error, undefined);
  assert.deepEqual(run.bodies.length, 5);
  const { layers } = aftermath.registry.repository("app").readManifest("1");
  assert.equal(layers[0]?.digest, layer);
});

Deno.test("--no-resume starts over, and leaves the earlier upload for a run that wants it", async () => {
  await using aftermath = await breakOff();
  const run = await aftermath.push({ isResuming: false });
  aftermath.stage.assertPushed(run, aftermath.registry);
  assert.deepEqual(run.bodies, IN_ORDER);
});

Deno.test("--force starts over", async () => {
  await using aftermath = await breakOff();
  const run = await aftermath.push({ force: true });
  aftermath.stage.assertPushed(run, aftermath.registry);
  assert.deepEqual(run.bodies, IN_ORDER);
});

const CORRUPTIONS: readonly [string, (text: string) => string][] = [
  ["garbage", () => "\0garbage"],
  ["half of it", (text) => text.slice(0, text.length / 2)],
  ["what a later version writes", () => '{"version": 2}'],
  ["another upload", (text) => text.replace("/app", "/other")],
];

for (const [what, corrupt] of CORRUPTIONS) {
  Deno.test(`a journal entry that holds ${what} is set aside, with a warning`, async () => {
    await using aftermath = await breakOff();
    const [name] = await aftermath.stage.journal();
    const path = `${aftermath.stage.stateDir}/uploads/${name}`;
    await Deno.writeTextFile(path, corrupt(await Deno.readTextFile(path)));
    const run = await aftermath.push();
    aftermath.stage.assertPushed(run, aftermath.registry);
    assert.deepEqual(run.bodies, IN_ORDER);
    assert.match(messages(run), /warning: .* its upload starts over/);
    assert.deepEqual(await aftermath.stage.journal(), [`${name}.corrupt-1`]);
  });
}

Deno.test("a journal entry of yesterday is not used", async () => {
  await using aftermath = await breakOff();
  await aftermath.clock.advance(25 * 3_600_000);
  const run = await aftermath.push();
  aftermath.stage.assertPushed(run, aftermath.registry);
  assert.deepEqual(run.bodies, IN_ORDER);
  assert.match(messages(run), /starts over: it was left more than 24 hours ago/);
});

Deno.test("an upload that the registry forgot starts over, and says so", async () => {
  await using aftermath = await breakOff();
  aftermath.registry.repository("app").uploads.clear();
  const run = await aftermath.push();
  aftermath.stage.assertPushed(run, aftermath.registry);
  assert.deepEqual(run.bodies, IN_ORDER);
  assert.match(messages(run), /starts over: the registry does not know it any more/);
});

Deno.test("an upload that another process completed is found complete", async () => {
  await using aftermath = await breakOff();
  await using other = await makePushStage();
  other.assertPushed(await other.push(aftermath.registry), aftermath.registry);
  const run = await aftermath.push();
  aftermath.stage.assertPushed(run, aftermath.registry);
  assert.deepEqual(run.bodies, []);
});

Deno.test("a state directory that is a file costs the memory, not the push", async () => {
  await using stage = await makePushStage();
  await Deno.writeTextFile(stage.stateDir, "not a directory");
  await using registry = startTestRegistry();
  const run = await stage.push(registry);
  stage.assertPushed(run, registry);
  assert.match(messages(run), /warning: Uploads cannot be remembered in .*start its unfinished blobs over/);
  assert.deepEqual(layerBodies(registry), IN_ORDER);
  assert.equal(await Deno.readTextFile(stage.stateDir), "not a directory");
});

const BAD_DISKS = [["full", "no space left on device"], ["read-only", "read-only file system"]] as const;

for (const [state, reason] of BAD_DISKS) {
  testWith(
    ["mount"],
    `a ${state} disk under the state directory costs the memory, not the push`,
    async () => {
      await using disk = await mountBadDisk(state);
      await using aftermath = await breakOff({ stateDir: disk.path });
      const run = await aftermath.push({ stateDir: disk.path });
      aftermath.stage.assertPushed(run, aftermath.registry);
      assert.deepEqual(run.bodies, IN_ORDER);
      const told = messages(run);
      assert.ok(
        told.includes(`warning: Uploads cannot be remembered in "${disk.path}/uploads" (${reason})`),
        told,
      );
    },
  );

  testWith(
    ["mount"],
    `push with a ${state} disk under the state directory says so, and ends well`,
    async () => {
      await using disk = await mountBadDisk(state);
      await using stage = await makePushStage();
      await using registry = startTestRegistry();
      const args = ["push", stage.archivePath, "-t", `${registry.host}/app:1`, "--state-dir", disk.path];
      const { code, stdout, stderr } = await runCli([...args, "--blob-chunk", "1MiB"]);
      assert.equal(code, 0, stderr);
      assert.match(stdout, /\/app:1@sha256:[0-9a-f]{64}\n$/);
      const warning = "a broken push will start its unfinished blobs over.";
      assert.equal(stderr.split(`(${reason}): ${warning}`).length, 2, stderr);
      assert.equal(registry.repository("app").tags.size, 1);
    },
  );
}
