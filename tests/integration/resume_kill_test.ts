import assert from "node:assert/strict";
import { startCuttingProxy } from "../support/cutting_proxy.ts";
import { writeLargeArchive } from "../support/large_archive.ts";
import { uploadedBytes } from "../support/push_stage.ts";
import { testWith } from "../support/real_parts.ts";
import { startRealRegistry } from "../support/real_registry.ts";
import { slowDown } from "../support/registry/connection_faults.ts";
import { assertHolds, assertNoEarlyTag } from "../support/registry_holds.ts";
import { runCli, startCli } from "../support/run_cli.ts";
import { seededRandom } from "../support/seeded_random.ts";
import { makeTempDir } from "../support/temp_dir.ts";
import { startTestRegistry, type TestRegistry } from "../support/test_registry.ts";
import { startThrottledProxy, type ThrottledProxy } from "../support/throttled_proxy.ts";

const MIB = 2 ** 20;
const CHUNK_BYTES = 10 * MIB;
/** What the system still sends of a killed process. */
const BUFFERED_BYTES = 8 * MIB;
const BYTES_PER_SECOND = 100 * MIB;
/** The random moments are the same in each run, unless another number is asked for. */
const SEED = Number(Deno.env.get("KILL_TEST_SEED") ?? 1);

/** When to kill. */
interface Moment extends Disposable {
  /** Comes with the moment; what goes on until then goes on after the disposal. */
  readonly reached: Promise<unknown>;
}

interface Ordeal {
  /** Where the push goes. */
  link: { host: string };
  /** What is behind it. */
  registry: Pick<TestRegistry, "origin">;
  layerBytes: readonly number[];
  /** Further arguments. */
  args?: readonly string[];
  kills: number;
  /** Sets the next kill up, before the process starts. */
  moment: (random: () => number) => Moment;
  /** What was sent so far. */
  sentBytes: () => number;
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
async function survive(ordeal: Ordeal): Promise<Survival> {
  const { link, registry, layerBytes, kills, moment, sentBytes } = ordeal;
  await using home = await makeTempDir();
  const archive = home.join("image.tar");
  const layers = await writeLargeArchive(archive, layerBytes);
  const options = ["--plain-http", "--blob-chunk", `${CHUNK_BYTES / MIB}MiB`, ...ordeal.args ?? []];
  const args = ["push", archive, "-t", `${link.host}/app:1`, ...options];
  const random = seededRandom(SEED);
  let output = `seed ${SEED}\n`;
  for (let kill = 1; kill <= kills; kill++) {
    using death = moment(random);
    await using process = await startCli(args, { home });
    await Promise.race([death.reached, process.result]);
    process.kill("SIGKILL");
    const { code, stderr } = await process.result;
    output += stderr;
    assert.ok(code === 137 || code === 0, `run ${kill} ended with ${code}: ${output}`);
    await assertNoEarlyTag(registry, layers);
  }
  const killedBytes = sentBytes();
  const { code, stdout, stderr } = await runCli(args, { home });
  output += stderr;
  assert.equal(code, 0, output);
  assert.match(stdout, /\/app:1@sha256:[0-9a-f]{64}\n$/);
  await assertHolds(registry, layers);
  return { totalBytes: sentBytes(), lastBytes: sentBytes() - killedBytes, output };
}

/** Asserts that little more was sent than the image, and that no upload was lost. */
function assertContinued({ totalBytes, output }: Survival, { layerBytes, kills }: Ordeal): void {
  const imageBytes = layerBytes.reduce((sum, sizeBytes) => sum + sizeBytes, 0);
  const sent = `${totalBytes / MIB} MiB of ${imageBytes / MIB} MiB were sent: ${output}`;
  assert.ok(totalBytes <= 1.15 * imageBytes + kills * CHUNK_BYTES, sent);
  assert.match(output, /continues at/);
  assert.doesNotMatch(output, /starts over/);
}

/** Some time after something has happened. */
function elapse(durationMs: number, since: Promise<unknown> = Promise.resolve()): Moment {
  const { promise: reached, resolve } = Promise.withResolvers<void>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOver = false;
  void since.then(() => {
    if (!isOver) timer = setTimeout(resolve, durationMs);
  });
  return {
    reached,
    [Symbol.dispose]() {
      isOver = true;
      clearTimeout(timer);
    },
  };
}

/**
 * While the proxy takes a part in, which the registry never sees then; one in five while the program starts. The proxy
 * stands still until the process is gone, so that it cannot have passed anything on.
 */
function withinParts(proxy: ThrottledProxy, mostBytes: number): Ordeal["moment"] {
  return (random) => {
    const isEarly = random() < 0.2;
    const share = random();
    const stop = proxy.stopAt(proxy.received.totalBytes + (isEarly ? 1 : share * mostBytes));
    if (!isEarly) return stop;
    const start = elapse(share * 250);
    return {
      reached: Promise.race([stop.reached, start.reached]),
      [Symbol.dispose]() {
        stop[Symbol.dispose]();
        start[Symbol.dispose]();
      },
    };
  };
}

const BUFFERED: readonly Pick<Ordeal, "layerBytes" | "args" | "kills">[] = [
  { layerBytes: [300 * MIB], kills: 20 },
  // With two parts on their way, one may be past the proxy when the other is cut.
  { layerBytes: [60 * MIB, 40 * MIB], args: ["--concurrency", "1"], kills: 6 },
];

for (const image of BUFFERED) {
  const what = image.layerBytes.map((sizeBytes) => `${sizeBytes / MIB} MiB`).join(" and ");
  testWith(
    ["registry"],
    `a push of ${what} that is killed ${image.kills} times goes on where it stopped, behind a proxy that buffers`,
    async () => {
      await using registry = await startRealRegistry();
      await using proxy = startThrottledProxy(registry, { bytesPerSecond: BYTES_PER_SECOND });
      const ordeal: Ordeal = {
        ...image,
        link: proxy,
        registry,
        moment: withinParts(proxy, 25 * MIB),
        sentBytes: () => proxy.received.totalBytes,
      };
      assertContinued(await survive(ordeal), ordeal);
    },
  );
}

Deno.test("a push that is killed at any time goes on where it stopped, if the registry keeps cut parts", async () => {
  await using registry = startTestRegistry({ profile: "distribution-3", storage: "discard" });
  registry.addFault({ on: ["append", "commit"], times: Infinity, do: slowDown(40 * MIB) });
  const ordeal: Ordeal = {
    link: registry,
    registry,
    layerBytes: [60 * MIB, 40 * MIB],
    kills: 10,
    // From the start of the program to about a part after the first request with one.
    moment: (random) => {
      const isEarly = random() < 0.2;
      const parts = registry.requests.filter(({ kind }) => kind === "append").length;
      return elapse(random() * 250, isEarly ? undefined : registry.waitForRequest("append", parts + 1));
    },
    sentBytes: () => uploadedBytes(registry),
  };
  assertContinued(await survive(ordeal), ordeal);
});

testWith(
  ["registry"],
  "a push that is killed at any time ends right, whatever has to be sent again",
  async () => {
    await using registry = await startRealRegistry();
    await using proxy = startThrottledProxy(registry, { bytesPerSecond: BYTES_PER_SECOND });
    await survive({
      link: proxy,
      registry,
      layerBytes: [60 * MIB, 20 * MIB],
      kills: 8,
      moment: (random) => elapse(random() * 1_200),
      sentBytes: () => proxy.received.totalBytes,
    });
  },
);

testWith(
  ["registry"],
  "a push that is killed within parts starts over where the registry forgets cut uploads, and says so",
  async () => {
    await using registry = await startRealRegistry();
    await using proxy = startCuttingProxy(registry, { bytesPerSecond: BYTES_PER_SECOND });
    const { lastBytes, output } = await survive({
      link: proxy,
      registry,
      layerBytes: [50 * MIB],
      kills: 4,
      moment: (random) => ({
        reached: proxy.received.reach(proxy.received.totalBytes + (10 + random() * 30) * MIB),
        [Symbol.dispose]() {},
      }),
      sentBytes: () => proxy.received.totalBytes,
    });
    assert.match(output, /starts over: the registry does not know it any more/);
    // All that the killed runs sent is lost, but nothing is sent twice by the last.
    assert.ok(lastBytes <= 50 * MIB + BUFFERED_BYTES, `${lastBytes / MIB} MiB in the last run`);
  },
);
