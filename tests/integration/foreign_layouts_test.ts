import assert from "node:assert/strict";
import { contentOf } from "../../lib/layout/cached_images.ts";
import { ImageLayout } from "../../lib/layout/image_layout.ts";
import { pruneCache } from "../../lib/layout/prune_cache.ts";
import { createRegistryHandler } from "../../lib/server/registry_handler.ts";
import { openLayoutStore } from "../../lib/server/layout/open_layout_store.ts";
import { digestOf } from "../../lib/spec/digest.ts";
import { MEDIA_TYPE } from "../../lib/spec/media_type.ts";
import { systemClock } from "../../lib/util/clock.ts";
import { fixturePath } from "../support/fixture_archives.ts";
import { runCommand } from "../support/run_command.ts";
import { ask, prepareImage, pushManifest } from "../support/served_store.ts";
import { makeTempDir } from "../support/temp_dir.ts";

/** Layouts of buildx (no names), containerd (nested indexes, attestations), podman, skopeo (docker's types) and umoci. */
const LAYOUTS = ["bx-oci", "c8d-mp", "c8d-att", "podman43-oci-archive", "skopeo-reg-oci", "um-dot"];

interface Index {
  manifests: unknown[];
  [field: string]: unknown;
}

async function readIndex(path: string): Promise<Index> {
  return JSON.parse(await Deno.readTextFile(`${path}/index.json`));
}

for (const fixture of LAYOUTS) {
  Deno.test(`${fixture}: a layout of another tool keeps all that is in it while a registry writes there`, async () => {
    await using dir = await makeTempDir();
    await runCommand(["tar", "-xf", fixturePath(fixture), "-C", dir.path]);
    const before = await readIndex(dir.path);
    const layout = new ImageLayout(dir.path, systemClock);
    const blobs = await Array.fromAsync(layout.blobs(), ({ digest }) => digest);
    const handler = createRegistryHandler(await openLayoutStore(layout, systemClock));
    const image = await prepareImage(handler, "new");
    const { digest } = await pushManifest(handler, "new:1", image);
    assert.equal((await ask(handler, "DELETE /v2/new/manifests/1")).status, 202);
    assert.equal((await ask(handler, `DELETE /v2/new/manifests/${digest}`)).status, 202);
    assert.deepEqual(await readIndex(dir.path), { mediaType: MEDIA_TYPE.ociIndex, ...before });
    for (const each of blobs) assert.equal(await digestOf((await layout.readBlob(each))!), each);
    // umoci leaves blobs of no image, which may go.
    const { images } = await pruneCache(layout, { hasNoStrays: true, draftsBeforeMs: Infinity });
    assert.deepEqual(images, []);
    for (const entry of (await layout.readIndex()).manifests) assert.ok(await contentOf(layout, entry));
  });
}
