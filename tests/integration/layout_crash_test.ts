import assert from "node:assert/strict";
import { contentOf } from "../../lib/layout/cached_images.ts";
import { ImageLayout } from "../../lib/layout/image_layout.ts";
import { digestOf } from "../../lib/spec/digest.ts";
import { systemClock } from "../../lib/util/clock.ts";
import { type Death, DyingDisk } from "../support/dying_disk.ts";
import { fileNames } from "../support/file_names.ts";
import { makeLayoutImage, putLayoutImage } from "../support/layout_image.ts";
import { testWith } from "../support/real_parts.ts";
import { skopeoInspectRaw } from "../support/skopeo.ts";
import { makeTempDir, type TempDir } from "../support/temp_dir.ts";

const FIRST = await makeLayoutImage("first:1");
const SECOND = await makeLayoutImage("second:1");
const STRAY = (await makeLayoutImage("stray:1")).layer;

/** What was known to be done when the process died. */
interface Done {
  first?: boolean;
  second?: boolean;
}

async function change(layout: ImageLayout, done: Done): Promise<void> {
  await layout.create();
  await putLayoutImage(layout, FIRST);
  done.first = true;
  await layout.writeBlob(STRAY.descriptor, STRAY.bytes);
  await layout.removeBlob(STRAY.descriptor.digest);
  await putLayoutImage(layout, SECOND);
  done.second = true;
  await layout.sweep(0);
}

/** Lets a process die at each of its steps, one after the other, and looks at what it left. */
async function dieAtEachStep(
  death: Death,
  look: (layout: ImageLayout, done: Done, dir: TempDir) => Promise<void>,
): Promise<number> {
  for (let step = 1;; step++) {
    await using dir = await makeTempDir();
    const path = dir.join("layout");
    const done: Done = {};
    let isDead: boolean;
    {
      await using disk = new DyingDisk(step, death, { keepsNames: /\/index\.json$/ });
      await change(new ImageLayout(path, systemClock), done).catch((error) => {
        if (!disk.isDead) throw error;
      });
      isDead = disk.isDead;
    }
    await look(new ImageLayout(path, systemClock), done, dir);
    if (!isDead) return step;
  }
}

async function listedNames(layout: ImageLayout): Promise<string[]> {
  return (await layout.readIndex()).manifests.map(({ annotations }) =>
    annotations!["org.opencontainers.image.ref.name"]!
  );
}

async function assertWhole(layout: ImageLayout, done: Done): Promise<void> {
  for await (const { digest } of layout.blobs()) {
    assert.equal(await digestOf(await new Response(await layout.openBlob(digest)).bytes()), digest);
  }
  for (const entry of (await layout.readIndex()).manifests) assert.ok(await contentOf(layout, entry));
  const names = await listedNames(layout);
  if (done.first) assert.ok(names.includes(FIRST.name));
  if (done.second) assert.ok(names.includes(SECOND.name));
}

for (const death of ["kill", "power cut"] as const) {
  Deno.test(`ImageLayout is whole after a ${death} at each step, and is gone on with`, async () => {
    const steps = await dieAtEachStep(death, async (layout, done) => {
      await assertWhole(layout, done);
      await using _disk = new DyingDisk(Infinity, death);
      await layout.create();
      await putLayoutImage(layout, SECOND);
      await assertWhole(layout, { ...done, second: true });
      await layout.sweep(Infinity);
      assert.deepEqual(await fileNames(layout.path), [
        ".lock",
        "blobs",
        "index.json",
        "ingest",
        "oci-layout",
      ]);
      assert.deepEqual(await fileNames(`${layout.path}/ingest`), []);
    });
    assert.ok(steps > 40, `${steps} steps`);
  });
}

testWith(["skopeo"], "skopeo reads what a killed process left, whenever something is listed", async () => {
  let seen = "";
  await dieAtEachStep("kill", async (layout) => {
    const names = await listedNames(layout);
    if (names.join() === seen) return;
    seen = names.join();
    for (const name of names) {
      const manifest = name === FIRST.name ? FIRST.manifest : SECOND.manifest;
      assert.equal(
        await skopeoInspectRaw(`oci:${layout.path}:${name}`),
        new TextDecoder().decode(manifest.bytes),
      );
    }
  });
  assert.equal(seen, `${FIRST.name},${SECOND.name}`);
});
