import assert from "node:assert/strict";
import { unpackTar } from "modern-tar";
import { isPusherError } from "../../lib/errors.ts";
import { writeDirectory } from "../support/archive_directories.ts";
import { layerBodies, makePushStage, type PushRun, type PushStage } from "../support/push_stage.ts";
import { dropConnection } from "../support/registry/connection_faults.ts";
import { makeTempDir } from "../support/temp_dir.ts";
import { startTestRegistry, type TestRegistry } from "../support/test_registry.ts";

/** A push from a directory that broke off for good after two parts of a layer. */
interface Aftermath extends AsyncDisposable {
  stage: PushStage;
  registry: TestRegistry;
  /** The directory. */
  path: string;
  /** Pushes once more; gives what was sent of the layer, too. */
  push(): Promise<PushRun & { bodies: string[] }>;
}

async function breakOff(): Promise<Aftermath> {
  await using resources = new AsyncDisposableStack();
  const temp = resources.use(await makeTempDir());
  const stage = resources.use(await makePushStage());
  const registry = resources.use(startTestRegistry());
  const entries = await unpackTar(await Deno.readFile(stage.archivePath));
  const members = entries.map(({ header, data }) => ({ name: header.name, body: data! }));
  const path = await writeDirectory(temp.join("image"), members);
  const outage = registry.addFault({
    on: ["append", "status", "head-blob"],
    nth: 4,
    times: Infinity,
    do: dropConnection("before-body"),
  });
  const { error } = await stage.push(registry, { archives: [path] });
  assert(isPusherError(error, "NETWORK"), String(error));
  outage.remove();
  const held = resources.move();
  return {
    stage,
    registry,
    path,
    async push() {
      const before = registry.requests.length;
      const run = await stage.push(registry, { archives: [path] });
      return { ...run, bodies: layerBodies({ requests: registry.requests.slice(before) }) };
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

Deno.test("a push from a directory goes on where an earlier one broke off, whatever else has changed there", async () => {
  await using aftermath = await breakOff();
  await Deno.writeTextFile(`${aftermath.path}/another`, "file");
  await Deno.utime(`${aftermath.path}/config.json`, 1000, 1000);
  const run = await aftermath.push();
  aftermath.stage.assertPushed(run, aftermath.registry);
  assert.deepEqual(run.bodies, ["PATCH 1", "PATCH 0.5"]);
});

Deno.test("a push from a directory starts a layer over whose file has changed", async () => {
  await using aftermath = await breakOff();
  await Deno.utime(`${aftermath.path}/0/layer.tar`, 1000, 1000);
  const run = await aftermath.push();
  aftermath.stage.assertPushed(run, aftermath.registry);
  assert.deepEqual(run.bodies, ["PATCH 1", "PATCH 1", "PATCH 1", "PATCH 0.5"]);
});
