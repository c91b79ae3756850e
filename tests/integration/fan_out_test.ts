import assert from "node:assert/strict";
import type { ImageArchive } from "../../lib/archive/image_archive.ts";
import { openArchive } from "../../lib/archive/open_archive.ts";
import { connectRegistry } from "../../lib/registry/registry_session.ts";
import { Repository } from "../../lib/registry/repository.ts";
import { pushImages } from "../../lib/transfer/push/push_images.ts";
import type { PushReport } from "../../lib/transfer/progress/report.ts";
import { type Clock, systemClock } from "../../lib/util/clock.ts";
import { DEFAULT_RETRY_POLICY } from "../../lib/util/retry.ts";
import { dockerSaveMembers, tarBytes } from "../support/archives.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { dropConnection, waitFor } from "../support/registry/connection_faults.ts";
import { sha256Of } from "../support/registry/repository.ts";
import { seededBytes } from "../support/seeded_random.ts";
import { makeTempDir, type TempDir } from "../support/temp_dir.ts";
import { startTestRegistry, type TestRegistry } from "../support/test_registry.ts";

const MIB = 2 ** 20;
const LAYERS = [20 * MIB + 1, 12 * MIB, 1_000].map((sizeBytes, at) => seededBytes(sizeBytes, at + 1));
const LAYERS_BYTES = LAYERS.reduce((sum, { length }) => sum + length, 0);

async function openImage(dir: TempDir): Promise<ImageArchive> {
  const path = dir.join("app.tar");
  const members = await dockerSaveMembers([{ tags: ["app:1"], layers: LAYERS }]);
  await Deno.writeFile(path, tarBytes(members));
  return await openArchive(path);
}

async function push(
  archive: ImageArchive,
  registries: readonly TestRegistry[],
  clock: Clock = systemClock,
): Promise<PushReport> {
  using resources = new DisposableStack();
  const { signal } = new AbortController();
  const jobs = [];
  for (const { host } of registries) {
    const session = resources.use(await connectRegistry(host, { clock, signal }));
    const target = new Repository(session, "team/app");
    jobs.push({ image: archive.images[0]!, source: archive, target, tag: "1" });
  }
  return await pushImages(jobs, {
    policy: DEFAULT_RETRY_POLICY,
    clock,
    random: () => 0.5,
    signal,
    concurrency: 3,
    chunkSizeBytes: 3 * MIB,
    onEvent: () => {},
  });
}

function assertComplete(registry: TestRegistry): void {
  const repository = registry.repository("team/app");
  const { layers } = repository.readManifest("1");
  assert.deepEqual(layers.map(({ digest }) => digest), LAYERS.map(sha256Of));
  for (const { digest, size } of layers) assert.equal(repository.blobs.get(digest)?.sizeBytes, size);
}

Deno.test("three registries get an image that is read once", async () => {
  await using dir = await makeTempDir();
  using archive = await openImage(dir);
  await using first = startTestRegistry();
  await using second = startTestRegistry({ profile: "distribution-2.8" });
  await using third = startTestRegistry({ profile: "distribution-2.8" });
  const before = archive.readBytes;
  const report = await push(archive, [first, second, third]);
  assert.deepEqual(report.failures, []);
  for (const registry of [first, second, third]) assertComplete(registry);
  const readBytes = archive.readBytes - before;
  assert(readBytes >= LAYERS_BYTES && readBytes < LAYERS_BYTES + 1_000, `${readBytes} bytes were read`);
});

Deno.test("a registry that hangs and one that breaks do not keep a third, and get the right bytes themselves", async () => {
  await using dir = await makeTempDir();
  using archive = await openImage(dir);
  await using hanging = startTestRegistry();
  await using breaking = startTestRegistry();
  await using third = startTestRegistry();
  const gate = Promise.withResolvers<void>();
  hanging.addFault({ on: "append", nth: 2, do: waitFor(gate.promise, "before-body") });
  breaking.addFault({ on: "append", nth: 3, do: dropConnection({ afterBodyBytes: MIB }) });
  const pushing = push(archive, [hanging, breaking, third], new FakeClock({ autoAdvance: true }));
  await third.waitForRequest("put-manifest");
  await breaking.waitForRequest("put-manifest");
  gate.resolve();
  const report = await pushing;
  assert.deepEqual(report.failures, []);
  for (const registry of [hanging, breaking, third]) assertComplete(registry);
});
