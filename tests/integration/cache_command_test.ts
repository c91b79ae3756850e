import assert from "node:assert/strict";
import { cacheListOutcome, cachePruneOutcome } from "../../lib/cli/view/cache_view.ts";
import { emptyCache, listCache } from "../../lib/commands/cache.ts";
import type { CommandContext } from "../../lib/commands/command_context.ts";
import { ImageLayout } from "../../lib/layout/image_layout.ts";
import { systemClock } from "../../lib/util/clock.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { fileNames } from "../support/file_names.ts";
import { putImage, runPull } from "../support/pull_stage.ts";
import { runCli, startCli } from "../support/run_cli.ts";
import { seededBytes } from "../support/seeded_random.ts";
import { makeTempDir } from "../support/temp_dir.ts";
import { startTestRegistry } from "../support/test_registry.ts";

const MIB = 2 ** 20;
const DAY_MS = 24 * 60 * 60 * 1000;

function contextAt(clock: CommandContext["clock"]): CommandContext {
  return {
    signal: new AbortController().signal,
    clock,
    random: () => 0.5,
    env: () => undefined,
    onEvent: () => {},
  };
}

Deno.test("cache ls and cache prune show and remove images, blobs of none, and what is old", async () => {
  await using registry = startTestRegistry();
  await using dir = await makeTempDir();
  const stateDir = dir.join("state");
  const context = contextAt(systemClock);
  assert.equal(
    cacheListOutcome(await listCache({ stateDir }, context)).summary,
    `Nothing is kept in ${stateDir}/cache`,
  );
  assert.equal((await emptyCache({ stateDir, all: true }, context)).freedBytes, 0);
  const names = ["one", "two"].map((name) => `${registry.host}/${name}:1`);
  for (const [at, name] of ["one", "two"].entries()) {
    putImage(registry, `${name}:1`, { layers: ["shared", seededBytes(MIB, at)] });
    await runPull([names[at]!], { output: dir.join(`${name}.tar`), stateDir, maxCacheBytes: 10 * MIB });
  }
  const layout = new ImageLayout(`${stateDir}/cache`, new FakeClock({ nowMs: Date.now() - 40 * DAY_MS }));
  const listed = await listCache({ stateDir }, context);
  assert.deepEqual(listed.images.map(({ name }) => name), names);
  assert.equal(listed.blobs.length, 7);
  assert.equal(listed.blobs.find(({ sizeBytes }) => sizeBytes === "shared".length)?.images.length, 2);
  assert.match(
    cacheListOutcome(listed).lines![0]!,
    /^127\.0\.0\.1:\d+\/one:1 {2}[0-9a-f]{12} {2}1\.00 MiB {2}20\d\d-/,
  );
  // The first image was not used for long; what both have was used by the second.
  const [one] = listed.images;
  for (const { digest, images } of listed.blobs) {
    if (images.length === 1 && images[0] === one!.name) await layout.touchBlob(digest);
    else await new ImageLayout(layout.path, systemClock).touchBlob(digest);
  }
  const old = await emptyCache({ stateDir, olderThanMs: 30 * DAY_MS }, context);
  assert.deepEqual([old.images, old.blobs], [[names[0]], 3]);
  assert.match(cachePruneOutcome(old).summary!, /^Freed 1\.00 MiB, 3 blobs; 1\.00 MiB are kept$/);
  await Deno.writeFile(`${layout.path}/ingest/half`, new Uint8Array(100));
  const unfinished = await listCache({ stateDir }, context);
  assert.equal(unfinished.unfinishedBytes, 100);
  assert.match(
    cacheListOutcome(unfinished).summary!,
    /^1 image, 4 blobs, 1\.00 MiB, and 100 B of unfinished blobs in /,
  );
  await layout.updateIndex(() => []);
  const strays = await emptyCache({ stateDir }, context);
  assert.deepEqual([strays.blobs, strays.leftBytes], [4, 0]);
  assert.deepEqual(await fileNames(`${layout.path}/ingest`), []);
});

Deno.test("cache prune that waits for another process ends when it is told to", async () => {
  await using dir = await makeTempDir();
  const layout = new ImageLayout(dir.join("cache"), systemClock);
  await layout.create();
  const stop = new AbortController();
  const clock = new FakeClock();
  await layout.updateIndex(async (entries) => {
    const waiting = assert.rejects(
      emptyCache({ stateDir: dir.path, all: true }, { ...contextAt(clock), signal: stop.signal }),
      /enough/,
    );
    while (clock.pending === 0) await new Promise((resolve) => setTimeout(resolve, 0));
    stop.abort(new Error("enough"));
    await waiting;
    return entries;
  });
});

Deno.test("pull that is killed leaves a cache that the next one goes on with", async () => {
  await using registry = startTestRegistry();
  await using dir = await makeTempDir();
  const { layers } = putImage(registry, "app:1", { layers: [seededBytes(MIB), seededBytes(MIB, 2)] });
  const hang = Promise.withResolvers<void>();
  registry.addFault({
    on: "get-blob",
    when: ({ route }) => route.name === layers[1]!.digest,
    times: 1,
    do: async (_, next) => {
      await hang.promise;
      return await next();
    },
  });
  const state = dir.join("state");
  const args = ["pull", `${registry.host}/app:1`, "--platform", "linux/amd64", "--state-dir", state];
  await using killed = await startCli([...args, "-o", dir.join("killed.tar")]);
  await registry.waitForRequest("get-blob", 3);
  killed.kill("SIGKILL");
  await killed.result;
  hang.resolve();
  const { report, error } = await runPull([`${registry.host}/app:1`], {
    output: dir.join("app.tar"),
    stateDir: state,
    maxCacheBytes: 10 * MIB,
  });
  assert.equal(error, undefined);
  assert.deepEqual([report?.cachedBytes, report?.receivedBytes], [MIB, MIB]);
  assert.deepEqual(await fileNames(`${state}/cache/ingest`), []);
});

Deno.test("cache ls heeds a configuration file with flags of other commands", async () => {
  await using dir = await makeTempDir();
  await Deno.writeTextFile(dir.join("config.yaml"), "defaults:\n  cacheSize: 1GiB\n  json: true\n");
  const { code, stdout, stderr } = await runCli(["cache", "ls", "--state-dir", dir.path]);
  assert.equal(code, 0, stderr);
  assert.deepEqual(JSON.parse(stdout).blobs, []);
});
