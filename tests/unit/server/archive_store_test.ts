import assert from "node:assert/strict";
import type { ImageArchive } from "../../../lib/archive/image_archive.ts";
import { openArchive } from "../../../lib/archive/open_archive.ts";
import { isPusherError } from "../../../lib/errors.ts";
import { createArchiveStore } from "../../../lib/server/archive_store.ts";
import { sha256Digest } from "../../../lib/spec/digest.ts";
import { fixturePath } from "../../support/fixture_archives.ts";
import { makeTempDir } from "../../support/temp_dir.ts";

function openFixture(name: string): Promise<ImageArchive> {
  return openArchive(fixturePath(name));
}

Deno.test("createArchiveStore() gives a name to the first archive that has it, and tells of the others", async () => {
  using first = await openFixture("docker26-one");
  using second = await openFixture("podman43-oci-archive");
  const { store, images, hidden } = createArchiveStore([first, second]);
  const [one, two] = [first, second].map(({ images: [image] }) => image!.root.descriptor.digest);
  assert.deepEqual(images, [{ repository: "t/img", tag: "1", digest: one, path: first.path }]);
  assert.deepEqual(hidden, [{ repository: "t/img", tag: "1", digest: two, path: second.path }]);
  assert.equal((await store.findManifest("t/img", "1"))?.descriptor.digest, one);
  assert.equal((await store.findManifest("t/img", two!))?.descriptor.digest, two);
  assert.deepEqual(await store.repositories(), ["t/img"]);
  assert.deepEqual(await store.tags("t/img"), ["1"]);
  assert.equal(await store.tags("t/other"), undefined);
});

Deno.test("createArchiveStore() finds images without a name in a repository called like the file", async () => {
  await using dir = await makeTempDir();
  for (const [file, repository] of [["My App_1.tar", "my-app-1"], ["---.tar", "unnamed"]] as const) {
    await Deno.copyFile(fixturePath("docker26-byid"), dir.join(file));
    using archive = await openArchive(dir.join(file));
    const { store, images } = createArchiveStore([archive]);
    assert.ok(images.every((image) => image.repository === repository && image.tag === undefined));
    assert.ok(await store.findManifest(repository, images[0]!.digest));
  }
});

Deno.test("createArchiveStore() reads blobs in place, whole or in part", async () => {
  using archive = await openFixture("docker26-one");
  const { store } = createArchiveStore([archive]);
  const [config] = archive.images[0]!.root.blobs;
  const blob = await store.findBlob("any/repository", config!.digest);
  assert.equal(blob?.sizeBytes, config!.size);
  const whole = await new Response(await blob.open()).text();
  assert.equal(JSON.parse(whole).architecture, "amd64");
  assert.equal(
    await new Response(await blob.open({ offsetBytes: 2, lengthBytes: 5 })).text(),
    whole.slice(2, 7),
  );
  assert.equal(await store.findBlob("any/repository", sha256Digest("0".repeat(64))), undefined);
});

Deno.test("createArchiveStore() gives nothing of an archive that was changed or removed", async () => {
  await using dir = await makeTempDir();
  const path = dir.join("a.tar");
  await Deno.copyFile(fixturePath("docker26-one"), path);
  using archive = await openArchive(path);
  const { store } = createArchiveStore([archive]);
  const blob = await store.findBlob("t/img", archive.images[0]!.root.blobs[0]!.digest);
  const assertRefused = () =>
    assert.rejects(
      blob!.open(),
      (error) => isPusherError(error, "ARCHIVE_CORRUPT") && /changed or removed since/.test(error.message),
    );
  await Deno.copyFile(fixturePath("podman43-oci-archive"), path);
  await assertRefused();
  await Deno.remove(path);
  await assertRefused();
});
