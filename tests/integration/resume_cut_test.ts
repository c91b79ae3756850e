import assert from "node:assert/strict";
import { startCuttingProxy } from "../support/cutting_proxy.ts";
import { writeLargeArchive } from "../support/large_archive.ts";
import { makePushStage, uploadedBytes } from "../support/push_stage.ts";
import { testWith } from "../support/real_parts.ts";
import { startRealRegistry } from "../support/real_registry.ts";
import { assertHolds } from "../support/registry_holds.ts";
import { runCli } from "../support/run_cli.ts";
import { seededRandom } from "../support/seeded_random.ts";
import { makeTempDir } from "../support/temp_dir.ts";
import { startTestRegistry } from "../support/test_registry.ts";
import { startThrottledProxy } from "../support/throttled_proxy.ts";

const MIB = 2 ** 20;
const LAYER_BYTES = 120 * MIB;
const FAST = { bytesPerSecond: 2 ** 30 };
/** As the program chooses by itself. */
const OPTIONS = { chunkSizeBytes: undefined, plainHttp: true };

/** Every connection ends after 5 to 60 MiB. */
function cutsOf(seed: number): { lifetimeBytes: () => number; bytesPerSecond: number } {
  const random = seededRandom(seed);
  return { ...FAST, lifetimeBytes: () => (5 + random() * 55) * MIB };
}

testWith(
  ["registry"],
  "push exits with 0 over a link that cuts each connection after 5 to 60 MiB",
  async () => {
    await using home = await makeTempDir();
    const layers = await writeLargeArchive(home.join("image.tar"), [LAYER_BYTES]);
    await using registry = await startRealRegistry();
    await using link = startCuttingProxy(registry, cutsOf(3));
    const args = ["push", home.join("image.tar"), "-t", `${link.host}/app:1`, "--plain-http"];
    const { code, stdout, stderr } = await runCli(args, { home });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /\/app:1@sha256:[0-9a-f]{64}\n$/);
    assert.ok(link.cuts > 0);
    await assertHolds(registry, layers);
  },
);

for (const seed of [1, 2]) {
  testWith(
    ["registry"],
    `a push over a link that cuts each connection after 5 to 60 MiB comes through (seed ${seed})`,
    async () => {
      await using stage = await makePushStage({ layerBytes: [LAYER_BYTES] });
      await using registry = await startRealRegistry();
      await using link = startCuttingProxy(registry, cutsOf(seed));
      const { error } = await stage.push(link, OPTIONS);
      assert.equal(error, undefined);
      assert.ok(link.cuts > 0);
      await assertHolds(registry, stage.layers);
    },
  );

  testWith(
    ["registry"],
    `a link that cuts each connection loses a part a time where a proxy buffers (seed ${seed})`,
    async () => {
      await using stage = await makePushStage({ layerBytes: [LAYER_BYTES] });
      await using registry = await startRealRegistry();
      await using proxy = startThrottledProxy(registry, FAST);
      await using link = startCuttingProxy(proxy, cutsOf(seed));
      const { error } = await stage.push(link, OPTIONS);
      assert.equal(error, undefined);
      await assertHolds(registry, stage.layers);
      const mostBytes = LAYER_BYTES + link.cuts * 10 * MIB;
      const sent = `${proxy.received.totalBytes / MIB} MiB for ${link.cuts} cuts`;
      assert.ok(proxy.received.totalBytes <= mostBytes + MIB, sent);
    },
  );

  Deno.test(`a link that cuts each connection loses nothing where the registry keeps cut parts (seed ${seed})`, async () => {
    await using stage = await makePushStage({ layerBytes: [LAYER_BYTES] });
    await using registry = startTestRegistry({ storage: "discard" });
    await using link = startCuttingProxy(registry, cutsOf(seed));
    const run = await stage.push(link, OPTIONS);
    stage.assertPushed(run, registry);
    assert.ok(link.cuts > 0);
    assert.ok(uploadedBytes(registry) < LAYER_BYTES + MIB, `${uploadedBytes(registry)} bytes arrived`);
  });
}
