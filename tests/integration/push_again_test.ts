import assert from "node:assert/strict";
import { openArchive } from "../../lib/archive/open_archive.ts";
import { push, type PushOptions } from "../../lib/commands/push/push.ts";
import { connectRegistry } from "../../lib/registry/registry_session.ts";
import { Repository } from "../../lib/registry/repository.ts";
import { pushImages } from "../../lib/transfer/push/push_images.ts";
import { systemClock } from "../../lib/util/clock.ts";
import { DEFAULT_RETRY_POLICY } from "../../lib/util/retry.ts";
import { dockerSaveMembers, tarBytes } from "../support/archives.ts";
import { seededBytes } from "../support/seeded_random.ts";
import { makeTempDir, type TempDir } from "../support/temp_dir.ts";
import { makeTestContext } from "../support/test_context.ts";
import { startTestRegistry, type TestRegistry } from "../support/test_registry.ts";

const MIB = 2 ** 20;
const LAYERS_BYTES = 24 * MIB;

async function writeArchive(dir: TempDir): Promise<string> {
  const layers = [1, 2, 3].map((seed) => seededBytes(LAYERS_BYTES / 3, seed));
  await Deno.writeFile(dir.join("app.tar"), tarBytes(await dockerSaveMembers([{ tags: ["app:1"], layers }])));
  return dir.join("app.tar");
}

/** Body bytes of requests that upload blobs, from some request on. */
function blobBytes({ requests }: TestRegistry, from: number): number {
  const uploads = requests.slice(from).filter(({ path }) => path.includes("/blobs/"));
  return uploads.reduce((sum, { bodyBytes }) => sum + bodyBytes, 0);
}

Deno.test("push() sends no byte of a blob the second time", async () => {
  await using dir = await makeTempDir();
  await using registry = startTestRegistry({ profile: "distribution-2.8" });
  const options: PushOptions = {
    archives: [await writeArchive(dir)],
    targets: [`${registry.host}/team/app:1`],
    stateDir: dir.join("state"),
  };
  const first = await push(options, makeTestContext());
  assert(first.sentBytes > LAYERS_BYTES && first.sentBytes < LAYERS_BYTES + 1024, `${first.sentBytes}`);
  assert.equal(blobBytes(registry, 0), first.sentBytes);

  const requestsOfFirst = registry.requests.length;
  const second = await push(options, makeTestContext());
  assert.equal(blobBytes(registry, requestsOfFirst), 0);
  const starts = registry.requests.slice(requestsOfFirst).filter(({ kind }) => kind === "start-upload");
  assert.deepEqual(starts, []);
  assert.deepEqual([second.sentBytes, second.existingBytes], [0, first.sentBytes]);
  assert.deepEqual(second.pushed, first.pushed);
});

Deno.test("pushImages() reads less than 1 MiB of an archive whose blobs the registry has", async () => {
  await using dir = await makeTempDir();
  await using registry = startTestRegistry();
  const path = await writeArchive(dir);
  const { signal } = new AbortController();
  const readBytes: number[] = [];
  for (let run = 0; run < 2; run++) {
    using archive = await openArchive(path);
    using session = await connectRegistry(registry.host, { clock: systemClock, signal });
    const target = new Repository(session, "team/app");
    const jobs = archive.images.map((image) => ({ image, source: archive, target, tag: "1" }));
    await pushImages(jobs, {
      policy: DEFAULT_RETRY_POLICY,
      clock: systemClock,
      random: () => 0.5,
      signal,
      concurrency: 3,
      onEvent: () => {},
    });
    readBytes.push(archive.readBytes);
  }
  const [first = 0, second = 0] = readBytes;
  assert(first > LAYERS_BYTES, `${first} bytes`);
  assert(second < MIB, `${second} bytes`);
});
