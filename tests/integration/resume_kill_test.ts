import assert from "node:assert/strict";
import type { ByteCounter } from "../support/byte_counter.ts";
import { startCuttingProxy } from "../support/cutting_proxy.ts";
import { writeLargeArchive } from "../support/large_archive.ts";
import { testWith } from "../support/real_parts.ts";
import { startRealRegistry } from "../support/real_registry.ts";
import { assertHolds, assertNoTag } from "../support/registry_holds.ts";
import { runCli, startCli } from "../support/run_cli.ts";
import { seededRandom } from "../support/seeded_random.ts";
import { makeTempDir } from "../support/temp_dir.ts";
import type { TestRegistry } from "../support/test_registry.ts";
import { startThrottledProxy } from "../support/throttled_proxy.ts";

const MIB = 2 ** 20;
const CHUNK_BYTES = 10 * MIB;
/** What the system still sends of a killed process. */
const BUFFERED_BYTES = 8 * MIB;
const BYTES_PER_SECOND = 100 * MIB;

interface Ordeal {
  layerBytes: readonly number[];
  /** Further arguments. */
  args?: readonly string[];
  kills: number;
  seed: number;
  /** Waits for the moment of a kill. */
  moment: (random: () => number, received: ByteCounter) => Promise<unknown>;
}

interface Survival {
  /** What all runs sent together. */
  totalBytes: number;
  /** What the last run sent. */
  lastBytes: number;
  /** What all runs wrote on stderr. */
  output: string;
}

/** Kills a push again and again, and lets the last run end. */
async function survive(
  proxy: { host: string; received: ByteCounter },
  registry: Pick<TestRegistry, "origin">,
  { layerBytes, args: more = [], kills, seed, moment }: Ordeal,
): Promise<Survival> {
  await using home = await makeTempDir();
  const layers = await writeLargeArchive(home.join("image.tar"), layerBytes);
  const target = `${proxy.host}/app:1`;
  const args = [
    "push",
    home.join("image.tar"),
    "-t",
    target,
    "--plain-http",
    "--blob-chunk",
    "10MiB",
    ...more,
  ];
  const random = seededRandom(seed);
  let output = "";
  for (let kill = 1; kill <= kills; kill++) {
    await using process = await startCli(args, { home });
    await Promise.race([moment(random, proxy.received), process.result]);
    process.kill("SIGKILL");
    const { code, stderr } = await process.result;
    output += stderr;
    assert.ok(code === 137 || code === 0, `run ${kill} (seed ${seed}) ended with ${code}: ${output}`);
    if (code === 137 && !stderr.includes("tagged")) await assertNoTag(registry);
  }
  const killedBytes = proxy.received.totalBytes;
  const { code, stdout, stderr } = await runCli(args, { home });
  output += stderr;
  assert.equal(code, 0, `the last run (seed ${seed}): ${output}`);
  assert.match(stdout, /\/app:1@sha256:[0-9a-f]{64}\n$/);
  await assertHolds(registry, layers);
  const { totalBytes } = proxy.received;
  return { totalBytes, lastBytes: totalBytes - killedBytes, output };
}

/** Most strike within a part; some while the program starts. */
function withinParts(mostBytes: number): Ordeal["moment"] {
  return (random, received) => {
    const isEarly = random() < 0.2;
    const share = random();
    return isEarly ? elapse(share * 250) : received.reach(received.totalBytes + share * mostBytes);
  };
}

function elapse(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}

const ORDEALS: readonly Ordeal[] = [
  { layerBytes: [300 * MIB], kills: 20, seed: 1, moment: withinParts(25 * MIB) },
  {
    layerBytes: [60 * MIB, 40 * MIB],
    // With two parts on their way, one may be past the proxy when the other is cut.
    args: ["--concurrency", "1"],
    kills: 6,
    seed: 2,
    moment: withinParts(40 * MIB),
  },
];

for (const ordeal of ORDEALS) {
  const { layerBytes, kills, seed } = ordeal;
  const what = layerBytes.map((sizeBytes) => `${sizeBytes / MIB} MiB`).join(" and ");
  testWith(
    ["registry"],
    `a push of ${what} that is killed ${kills} times goes on where it stopped, behind a proxy that buffers`,
    async () => {
      await using registry = await startRealRegistry();
      await using proxy = startThrottledProxy(registry, { bytesPerSecond: BYTES_PER_SECOND });
      const { totalBytes, output } = await survive(proxy, registry, ordeal);
      const imageBytes = layerBytes.reduce((sum, sizeBytes) => sum + sizeBytes, 0);
      const allowedBytes = 1.15 * imageBytes + kills * CHUNK_BYTES;
      const sent = `${totalBytes / MIB} MiB of ${imageBytes / MIB} MiB were sent`;
      assert.ok(totalBytes <= allowedBytes, `${sent} (seed ${seed}): ${output}`);
      assert.match(output, /continues at/);
      assert.doesNotMatch(output, /starts over/);
    },
  );
}

testWith(
  ["registry"],
  "a push that is killed at any time ends right, whatever has to be sent again",
  async () => {
    await using registry = await startRealRegistry();
    await using proxy = startThrottledProxy(registry, { bytesPerSecond: BYTES_PER_SECOND });
    await survive(proxy, registry, {
      layerBytes: [60 * MIB, 20 * MIB],
      kills: 8,
      seed: 3,
      moment: (random) => elapse(random() * 1_200),
    });
  },
);

testWith(
  ["registry"],
  "a push that is killed within parts starts over where the registry forgets cut uploads, and says so",
  async () => {
    await using registry = await startRealRegistry();
    await using proxy = startCuttingProxy(registry, { bytesPerSecond: BYTES_PER_SECOND });
    const { lastBytes, output } = await survive(proxy, registry, {
      layerBytes: [50 * MIB],
      kills: 4,
      seed: 4,
      moment: (random, received) => received.reach(received.totalBytes + (10 + random() * 30) * MIB),
    });
    assert.match(output, /starts over: the registry does not know it any more/);
    // All that the killed runs sent is lost, but nothing is sent twice by the last.
    assert.ok(lastBytes <= 50 * MIB + BUFFERED_BYTES, `${lastBytes / MIB} MiB in the last run`);
  },
);
