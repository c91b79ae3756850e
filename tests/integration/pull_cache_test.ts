import assert from "node:assert/strict";
import { push } from "../../lib/commands/push/push.ts";
import { ImageLayout } from "../../lib/layout/image_layout.ts";
import type { Digest } from "../../lib/spec/digest.ts";
import { digestOf } from "../../lib/spec/digest.ts";
import { isPusherError } from "../../lib/errors.ts";
import type { TransferEvent } from "../../lib/transfer/events.ts";
import { systemClock } from "../../lib/util/clock.ts";
import { mountBadDisk } from "../support/bad_disk.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { fileNames } from "../support/file_names.ts";
import { type PullRun, putImage, putIndex, runPull } from "../support/pull_stage.ts";
import { pullImage } from "../support/pulled_image.ts";
import { testWith } from "../support/real_parts.ts";
import { dropConnection } from "../support/registry/connection_faults.ts";
import { runCommand } from "../support/run_command.ts";
import { seededBytes } from "../support/seeded_random.ts";
import { makeTempDir, type TempDir } from "../support/temp_dir.ts";
import { startTestRegistry, type TestRegistry } from "../support/test_registry.ts";

const MIB = 2 ** 20;
const LAYERS = [seededBytes(2 * MIB), seededBytes(3 * MIB + 1)];
const LAYER_BYTES = 5 * MIB + 1;
const GENEROUS = 100 * MIB;

/** A registry with an image, and a state directory for those who pull it. */
interface Stage extends AsyncDisposable {
  registry: TestRegistry;
  dir: TempDir;
  layers: readonly Digest[];
  cache: ImageLayout;
  /** Pulls into a file of its own, or to a reader. */
  pull(name: string, options?: PullStep): Promise<PullRun>;
  /** How often layers were asked for. */
  layerRequests(): (string | null)[];
}

interface PullStep {
  maxCacheBytes?: number;
  stateDir?: string;
  signal?: AbortSignal;
  write?: (bytes: Uint8Array) => Promise<boolean>;
  clock?: FakeClock;
  onEvent?: (event: TransferEvent) => void;
}

async function setStage(): Promise<Stage> {
  await using resources = new AsyncDisposableStack();
  const registry = resources.use(startTestRegistry());
  const dir = resources.use(await makeTempDir());
  const { layers } = putImage(registry, "app:1", { layers: LAYERS });
  const digests = layers.map(({ digest }) => digest);
  const held = resources.move();
  return {
    registry,
    dir,
    layers: digests,
    cache: new ImageLayout(dir.join("state/cache"), systemClock),
    pull(name, { maxCacheBytes = GENEROUS, stateDir = dir.join("state"), ...parts } = {}) {
      const output = parts.write ? "-" : dir.join(`${name}.tar`);
      return runPull([`${registry.host}/app:1`], { output, stateDir, maxCacheBytes }, parts);
    },
    layerRequests: () =>
      registry.requests.filter(({ path }) => digests.some((digest) => path.endsWith(digest)))
        .map(({ headers }) => headers.get("range")),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

async function assertSame(stage: Stage, names: readonly string[]): Promise<void> {
  const archives = await Promise.all(names.map((name) => Deno.readFile(stage.dir.join(`${name}.tar`))));
  const digests = await Promise.all(archives.map(digestOf));
  assert.equal(new Set(digests).size, 1, `different archives: ${names}`);
}

async function damage({ cache }: Pick<Stage, "cache">, digest: Digest): Promise<void> {
  const path = `${cache.path}/blobs/${digest.replace(":", "/")}`;
  using file = await Deno.open(path, { write: true });
  await file.seek(1000, Deno.SeekMode.Start);
  await file.write(new Uint8Array(100));
}

async function assertCacheWhole({ cache, layers }: Stage): Promise<void> {
  const digests: Digest[] = [];
  for await (const { digest } of cache.blobs()) {
    digests.push(digest);
    assert.equal(await digestOf((await cache.readBlob(digest))!), digest);
  }
  for (const layer of layers) assert.ok(digests.includes(layer));
  assert.deepEqual(await fileNames(`${cache.path}/ingest`), []);
}

function notices({ events }: PullRun): string[] {
  return events.flatMap((event) => event.type === "notice" ? [event.message] : []);
}

Deno.test("pull takes from the cache what was pulled before, and asks for the tag only", async () => {
  await using stage = await setStage();
  const first = await stage.pull("first");
  assert.deepEqual([first.report?.receivedBytes, first.report?.cachedBytes], [LAYER_BYTES, 0]);
  const before = stage.registry.requests.length;
  const second = await stage.pull("second");
  assert.equal(second.error, undefined);
  assert.deepEqual([second.report?.receivedBytes, second.report?.cachedBytes], [0, LAYER_BYTES]);
  assert.deepEqual(
    stage.registry.requests.slice(before).map(({ kind }) => kind),
    ["ping", "get-manifest"],
  );
  await assertSame(stage, ["first", "second"]);
  await assertCacheWhole(stage);
  const [{ annotations } = assert.fail()] = (await stage.cache.readIndex()).manifests;
  assert.equal(annotations?.["org.opencontainers.image.ref.name"], `${stage.registry.host}/app:1`);
});

Deno.test("pull notices a damaged copy in the cache, fetches the blob again, and keeps that", async () => {
  await using stage = await setStage();
  await stage.pull("first");
  await damage(stage, stage.layers[1]!);
  await Deno.truncate(`${stage.cache.path}/blobs/${stage.layers[0]!.replace(":", "/")}`, 10);
  const { report, ...run } = await stage.pull("second");
  assert.deepEqual([report?.receivedBytes, report?.cachedBytes], [LAYER_BYTES, 0]);
  assert.equal(
    notices({ report, ...run }).filter((text) => /copy of sha256:.* is damaged/.test(text)).length,
    2,
  );
  await assertSame(stage, ["first", "second"]);
  await assertCacheWhole(stage);
  assert.equal((await stage.pull("third")).report?.receivedBytes, 0);
});

Deno.test("pull verifies in other threads what is large, and fetches what is damaged", async () => {
  await using registry = startTestRegistry();
  await using dir = await makeTempDir();
  const bytes = [0, 1, 2].map((nth) => new Uint8Array(16 * MIB + nth).fill(nth));
  const { layers } = putImage(registry, "app:1", { layers: bytes });
  const options = { stateDir: dir.join("state"), maxCacheBytes: GENEROUS };
  const pull = (name: string): Promise<PullRun> =>
    runPull([`${registry.host}/app:1`], { ...options, output: dir.join(name) });
  assert.equal((await pull("first")).error, undefined);
  const cache = new ImageLayout(dir.join("state/cache"), systemClock);
  await damage({ cache }, layers[1]!.digest);
  const { report } = await pull("second");
  assert.equal(report?.receivedBytes, 16 * MIB + 1);
  assert.equal(report?.cachedBytes, 32 * MIB + 2);
  assert.deepEqual(await Deno.readFile(dir.join("second")), await Deno.readFile(dir.join("first")));
});

Deno.test("pull of a manifest that lies about a size leaves the cache's copy alone", async () => {
  await using stage = await setStage();
  await stage.pull("first");
  const [layer] = stage.layers;
  const { manifest } = putImage(stage.registry, "liar:1", { layers: [LAYERS[0]!] });
  const repository = stage.registry.repository("liar");
  const document = JSON.parse(new TextDecoder().decode(repository.manifests.get(manifest.digest)!.bytes));
  document.layers[0].size++;
  repository.putManifest(document, manifest.mediaType, "1");
  const output = stage.dir.join("liar.tar");
  const options = { output, stateDir: stage.dir.join("state"), maxCacheBytes: GENEROUS };
  const run = await runPull([`${stage.registry.host}/liar:1`], options);
  assert.ok(isPusherError(run.error, "DIGEST_MISMATCH"));
  assert.deepEqual(notices(run), []);
  assert.equal(await stage.cache.blobSize(layer!), LAYERS[0]!.length);
});

Deno.test("pull gives standard output nothing of a damaged copy", async () => {
  await using stage = await setStage();
  await stage.pull("first");
  await damage(stage, stage.layers[1]!);
  const file = await Deno.open(stage.dir.join("second.tar"), { write: true, create: true });
  const { error } = await stage.pull("second", {
    write: async (bytes) => await file.write(bytes) === bytes.length,
  });
  file.close();
  assert.equal(error, undefined);
  await assertSame(stage, ["first", "second"]);
  await assertCacheWhole(stage);
});

Deno.test("pull to standard output goes on with the half of a blob that a stopped one has left", async () => {
  await using stage = await setStage();
  const stop = new AbortController();
  let writtenBytes = 0;
  const stopped = await stage.pull("first", {
    signal: stop.signal,
    write: (bytes) => {
      if ((writtenBytes += bytes.length) <= 3 * MIB) return Promise.resolve(true);
      stop.abort(new Error("stopped"));
      return Promise.withResolvers<boolean>().promise;
    },
  });
  assert.equal(stopped.report, undefined);
  const [half] = await fileNames(`${stage.cache.path}/ingest`);
  const { size } = await Deno.stat(`${stage.cache.path}/ingest/${half}`);
  assert.ok(size > 0 && size < LAYERS[1]!.length);
  const requests = stage.layerRequests().length;
  const { report, error } = await stage.pull("second");
  assert.equal(error, undefined);
  assert.deepEqual(stage.layerRequests().slice(requests), [`bytes=${size}-`]);
  assert.equal(report?.cachedBytes, LAYERS[0]!.length + size);
  await assertSame(stage, ["second"]);
  await assertCacheWhole(stage);
});

Deno.test("pull counts once what a stopped one has left both in its file and in the cache", async () => {
  await using stage = await setStage();
  const stop = new AbortController();
  let writtenBytes = 0;
  const stopped = await stage.pull("app", {
    signal: stop.signal,
    onEvent: (event) => {
      if (event.type === "blob:bytes" && (writtenBytes += event.deltaBytes) > 4 * MIB) {
        stop.abort(new Error("stopped"));
      }
    },
  });
  assert.equal(stopped.report, undefined);
  const { report, error } = await stage.pull("app");
  assert.equal(error, undefined);
  const [, range] = stage.layerRequests().slice(1);
  const leftBytes = LAYERS[1]!.length - Number(/\d+/.exec(range!)![0]);
  assert.equal(report!.receivedBytes, leftBytes);
  assert.equal(report!.heldBytes + report!.cachedBytes, LAYER_BYTES - leftBytes);
});

Deno.test("pull says that a half was damaged where it cannot take back what it gave, and not the next time", async () => {
  await using stage = await setStage();
  await stage.cache.create();
  const name = stage.layers[1]!.replace(":", "-");
  await Deno.writeFile(`${stage.cache.path}/ingest/${name}`, new Uint8Array(MIB));
  const write = (bytes: Uint8Array): Promise<boolean> => Promise.resolve(bytes.length > 0);
  const { error } = await stage.pull("first", { write });
  assert.ok(isPusherError(error, "DIGEST_MISMATCH"));
  assert.match(error.message, /what was kept of it is damaged/);
  assert.match(error.hint!, /run the same command again/);
  assert.equal((await stage.pull("second", { write })).error, undefined);
  await assertCacheWhole(stage);
});

Deno.test("pull into a file replaces a half that was damaged", async () => {
  await using stage = await setStage();
  await stage.cache.create();
  const name = stage.layers[1]!.replace(":", "-");
  await Deno.writeFile(`${stage.cache.path}/ingest/${name}`, new Uint8Array(MIB));
  const { report } = await stage.pull("first");
  assert.equal(report?.cachedBytes, 0);
  assert.ok(report.receivedBytes > LAYER_BYTES && report.receivedBytes < 2 * LAYER_BYTES);
  await assertCacheWhole(stage);
});

Deno.test("pull keeps a blob that broke on the way once", async () => {
  await using stage = await setStage();
  stage.registry.addFault({
    on: "get-blob",
    when: ({ route }) => route.name === stage.layers[1],
    times: 1,
    do: dropConnection({ afterAnswerBytes: MIB }),
  });
  const { error, events } = await stage.pull("first");
  assert.equal(error, undefined);
  assert.equal(events.filter(({ type }) => type === "blob:retry").length, 1);
  await assertCacheWhole(stage);
});

Deno.test("pulls of the same image at the same time all succeed, and the cache is whole", async () => {
  await using stage = await setStage();
  const runs = await Promise.all(["a", "b", "c"].map((name) => stage.pull(name)));
  for (const { error } of runs) assert.equal(error, undefined);
  await assertSame(stage, ["a", "b", "c"]);
  await assertCacheWhole(stage);
  assert.equal((await stage.cache.readIndex()).manifests.length, 1);
});

Deno.test("pull keeps no more than it may, what was used last, and nothing that is larger", async () => {
  await using stage = await setStage();
  const { layers: [other] } = putImage(stage.registry, "other:1", { layers: [seededBytes(MIB, 9)] });
  const output = stage.dir.join("other.tar");
  const stateDir = stage.dir.join("state");
  const at = (minute: number): FakeClock =>
    new FakeClock({ nowMs: Date.UTC(2026, 0, 1, 0, minute), autoAdvance: true });
  const generous = { output, stateDir, maxCacheBytes: GENEROUS };
  await runPull([`${stage.registry.host}/other:1`], generous, { clock: at(1) });
  // Layers of 2 and 3 MiB do not fit beside each other, nor the second beside the other image.
  await stage.pull("first", { maxCacheBytes: 3 * MIB + 100_000, clock: at(2) });
  const sizes = await Promise.all(
    [other!.digest, ...stage.layers].map((digest) => stage.cache.blobSize(digest)),
  );
  assert.deepEqual(sizes, [MIB, 2 * MIB, undefined]);
  assert.deepEqual(
    (await stage.cache.readIndex()).manifests.map((entry) => entry.annotations?.["io.containerd.image.name"]),
    [`${stage.registry.host}/other:1`],
  );
  await stage.pull("second", { maxCacheBytes: 3 * MIB - 100_000, clock: at(3) });
  assert.deepEqual(
    await Promise.all([other!.digest, ...stage.layers].map((digest) => stage.cache.blobSize(digest))),
    [undefined, 2 * MIB, undefined],
  );
  assert.deepEqual((await stage.cache.readIndex()).manifests, []);
});

Deno.test("pull takes manifests that an index lists from the cache, too", async () => {
  await using stage = await setStage();
  const { index } = putIndex(stage.registry, "multi:1");
  const reference = `${stage.registry.host}/multi@${index.digest}`;
  const stateDir = stage.dir.join("state");
  const options = { stateDir, maxCacheBytes: GENEROUS, platforms: ["all"] };
  await runPull([reference], { ...options, output: stage.dir.join("first.tar") });
  const before = stage.registry.requests.length;
  const { error } = await runPull([reference], { ...options, output: stage.dir.join("second.tar") });
  assert.equal(error, undefined);
  assert.deepEqual(stage.registry.requests.slice(before).map(({ kind }) => kind), ["ping"]);
  await assertSame(stage, ["first", "second"]);
});

Deno.test("pull starts the cache's list anew where that is damaged", async () => {
  await using stage = await setStage();
  await stage.pull("first");
  await Deno.writeTextFile(`${stage.cache.path}/index.json`, "{");
  const run = await stage.pull("second");
  assert.equal(run.report?.receivedBytes, 0);
  assert.ok(notices(run).some((text) => /list of images was damaged/.test(text)));
  assert.equal((await stage.cache.readIndex()).manifests.length, 1);
});

testWith(
  ["mount"],
  "pull goes on without a cache where that cannot be written, and says so once",
  async () => {
    await using stage = await setStage();
    for (const state of ["full", "read-only", "empty"] as const) {
      await using disk = await mountBadDisk(state);
      const run = await stage.pull(state, { stateDir: disk.path });
      assert.equal(run.error, undefined);
      const told = notices(run);
      assert.equal(told.length, 1, told.join());
      assert.match(told[0]!, /^What is pulled is not kept in ".*\/cache" \((?:no space left|read-only)/);
      if (state === "empty") assert.deepEqual(await fileNames(`${disk.path}/cache/ingest`), []);
    }
    await assertSame(stage, ["full", "read-only", "empty"]);
  },
);

testWith(["skopeo"], "skopeo reads the cache", async () => {
  await using stage = await setStage();
  const { report } = await stage.pull("first");
  const name = `oci:${stage.cache.path}:${stage.registry.host}/app:1`;
  const { Digest: digest } = JSON.parse(await runCommand(["skopeo", "inspect", name]));
  assert.equal(digest, report?.images[0]?.digest);
  await runCommand([
    "skopeo",
    "--insecure-policy",
    "copy",
    name,
    `oci-archive:${stage.dir.join("copy.tar")}`,
  ]);
});

Deno.test("push takes from the cache what an archive lacks, undamaged", async () => {
  await using stage = await setStage();
  await using target = startTestRegistry();
  const { index } = putIndex(stage.registry, "multi:1");
  const stateDir = stage.dir.join("state");
  const reference = `${stage.registry.host}/multi:1`;
  const options = { stateDir, maxCacheBytes: GENEROUS, platforms: ["all"] };
  await runPull([reference], { ...options, output: stage.dir.join("whole.tar") });
  // An archive as docker save writes it: the whole index, and one platform of it only.
  const partial = new ImageLayout(stage.dir.join("partial"), systemClock);
  await partial.create();
  const bytes = (await stage.cache.readBlob(index.digest))!;
  await partial.writeBlob(index, bytes);
  await partial.updateIndex(() => [index]);
  const context = {
    signal: new AbortController().signal,
    clock: new FakeClock({ autoAdvance: true }),
    random: () => 0.5,
    env: () => undefined,
    onEvent: () => {},
  };
  const wish = { archives: [partial.path], stateDir, plainHttp: true, yes: true };
  const at = (tag: string): string => `${target.host}/copy:${tag}`;
  const report = await push({ ...wish, targets: [at("1")], usesCache: true }, context);
  assert.deepEqual(report.pushed.map(({ digest }) => digest), [index.digest]);
  assert.equal((await pullImage(target, "copy:1")).children.length, 2);
  await assert.rejects(
    push({ ...wish, targets: [at("2")], usesCache: false }, context),
    (error) => isPusherError(error, "ARCHIVE_CORRUPT"),
  );
});
