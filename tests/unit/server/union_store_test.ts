import assert from "node:assert/strict";
import type { ImageArchive } from "../../../lib/archive/image_archive.ts";
import { openArchive } from "../../../lib/archive/open_archive.ts";
import { ImageLayout } from "../../../lib/layout/image_layout.ts";
import { createArchiveStore } from "../../../lib/server/archive_store.ts";
import { openLayoutStore } from "../../../lib/server/layout/open_layout_store.ts";
import type { NewManifest, RegistryStore, RegistryWriter } from "../../../lib/server/registry_store.ts";
import { joinStores } from "../../../lib/server/union_store.ts";
import type { Descriptor } from "../../../lib/spec/descriptor.ts";
import { sha256Digest } from "../../../lib/spec/digest.ts";
import { manifestsBottomUp } from "../../../lib/spec/image.ts";
import { systemClock } from "../../../lib/util/clock.ts";
import { fixturePath } from "../../support/fixture_archives.ts";
import { makeTempDir } from "../../support/temp_dir.ts";

interface Stage extends AsyncDisposable {
  archive: ImageArchive;
  /** Its only image. */
  root: Descriptor;
  inPlace: RegistryStore;
  layout: RegistryStore;
  joined: RegistryStore;
  writer: RegistryWriter;
  /** What is on its way into the layout. */
  ingests: () => Promise<string[]>;
}

async function join(fixture: string): Promise<Stage> {
  await using resources = new AsyncDisposableStack();
  const dir = resources.use(await makeTempDir());
  const archive = resources.use(await openArchive(fixturePath(fixture)));
  const layout = await openLayoutStore(new ImageLayout(dir.join("store"), systemClock), systemClock);
  const inPlace = createArchiveStore([archive]).store;
  const joined = joinStores([layout, inPlace]);
  const owned = resources.move();
  return {
    archive,
    root: archive.images[0]!.root.descriptor,
    inPlace,
    layout,
    joined,
    writer: joined.writer!,
    ingests: () => Array.fromAsync(Deno.readDir(dir.join("store/ingest")), ({ name }) => name),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function manifestOf({ inPlace, root }: Stage, tag?: string): Promise<NewManifest> {
  const [repository = ""] = await inPlace.repositories();
  const held = await inPlace.findManifest(repository, root.digest);
  return { mediaType: root.mediaType, digest: root.digest, bytes: await held!.read(), tag };
}

Deno.test("joinStores() finds what any store has, and what the first one has under a name that several have", async () => {
  using one = await openArchive(fixturePath("docker26-one"));
  using two = await openArchive(fixturePath("podman43-oci-archive"));
  using multi = await openArchive(fixturePath("c8d-mp"));
  const joined = joinStores([one, two, multi].map((archive) => createArchiveStore([archive]).store));
  assert.equal(joined.writer, undefined);
  assert.deepEqual(await joined.repositories(), ["t/img", "t/mp"]);
  assert.deepEqual(await joined.tags("t/img"), ["1"]);
  assert.equal(await joined.tags("none"), undefined);
  const digests = [one, two].map(({ images: [image] }) => image!.root.descriptor.digest);
  const named = await joined.findManifest("t/img", "1");
  assert.equal(named?.descriptor.digest, digests[0]);
  for (const digest of digests) assert.ok(await joined.findManifest("t/img", digest));
  assert.ok(await joined.findBlob("t/img", two.images[0]!.root.blobs[0]!.digest));
});

Deno.test("joinStores() makes complete what is pushed, also an index: what only the others have is copied", async () => {
  for (const fixture of ["docker26-one", "c8d-mp"]) {
    await using stage = await join(fixture);
    const { layout, writer } = stage;
    const [repository = ""] = await stage.inPlace.repositories();
    await writer.putManifest(repository, await manifestOf(stage, "2"));
    assert.deepEqual(await stage.joined.tags(repository), ["2", "1"]);
    for (const { descriptor, blobs } of manifestsBottomUp(stage.archive.images[0]!.root)) {
      assert.ok(await layout.findManifest(repository, descriptor.digest));
      for (const { digest, size } of blobs) {
        assert.equal((await layout.findBlob(repository, digest))?.sizeBytes, size);
      }
    }
  }
});

Deno.test("joinStores() keeps nothing of a push that needs a damaged blob of an archive", async () => {
  await using stage = await join("z23-tampered");
  const pushing = stage.writer.putManifest("copy", await manifestOf(stage, "2"));
  await assert.rejects(pushing, /Cannot copy blob sha256:\w+: the archive holds sha256:\w+ instead/);
  assert.equal(await stage.layout.findManifest("copy", "2"), undefined);
  assert.deepEqual(await stage.ingests(), []);
});

Deno.test("joinStores() mounts what any store has, and deletes only what was pushed", async () => {
  await using stage = await join("docker26-one");
  const { writer, root } = stage;
  const { digest } = stage.archive.images[0]!.root.blobs[0]!;
  const nowhere = sha256Digest("0".repeat(64));
  assert.equal(await writer.mountBlob(digest, { to: "other" }), true);
  assert.equal(await writer.mountBlob(nowhere, { to: "other" }), false);
  assert.equal(await writer.deleteTag("t/img", "1"), "read-only");
  assert.equal(await writer.deleteManifest("t/img", root.digest), "read-only");
  assert.equal(await writer.deleteBlob("t/img", digest), "read-only");
  assert.equal(await writer.deleteTag("t/img", "2"), "unknown");
  assert.equal(await writer.deleteManifest("t/img", nowhere), "unknown");
  assert.equal(await writer.deleteBlob("t/img", nowhere), "unknown");
  await writer.putManifest("t/img", await manifestOf(stage, "2"));
  assert.equal(await writer.deleteBlob("t/img", digest), "in-use");
  assert.equal(await writer.deleteTag("t/img", "2"), "deleted");
  assert.equal(await writer.deleteManifest("t/img", root.digest), "deleted");
  assert.equal(await writer.deleteBlob("t/img", digest), "deleted");
});
