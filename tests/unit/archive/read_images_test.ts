import assert from "node:assert/strict";
import type { ArchiveEntries } from "../../../lib/archive/archive_entries.ts";
import { readImages } from "../../../lib/archive/read_images.ts";
import { isPusherError } from "../../../lib/errors.ts";
import { digestOf } from "../../../lib/spec/digest.ts";
import { MEDIA_TYPE } from "../../../lib/spec/media_type.ts";
import { dockerSaveMembers, gzip, layerBytes } from "../../support/archives.ts";
import { memoryEntries } from "../../support/memory_entries.ts";

const ONE = layerBytes("one");
const TWO = layerBytes("two");

Deno.test("readImages() takes what is known of layers instead of reading them", async () => {
  const store = async (layer: Uint8Array<ArrayBuffer>, at: number) => ({
    name: `${at}/layer.tar`,
    body: at === 0 ? layer : await gzip(layer),
  });
  const entries = await memoryEntries(await dockerSaveMembers([{ layers: [ONE, TWO], store }]));
  const { images: [image], contents } = await readImages(entries);
  const [, one, two] = image!.root.blobs;
  const zipped = await gzip(TWO);
  assert.deepEqual([one, two], [
    { mediaType: MEDIA_TYPE.ociLayer, digest: await digestOf(ONE), size: ONE.length },
    { mediaType: MEDIA_TYPE.ociLayerGzip, digest: await digestOf(zipped), size: zipped.length },
  ]);
  assert.equal(contents.blobs.get(two!.digest)?.name, "1/layer.tar");
});

Deno.test("readImages() refuses a plain layer that is known to be another", async () => {
  const entries = await memoryEntries(
    await dockerSaveMembers([{
      layers: [ONE],
      store: () => ({ name: "0/layer.tar", body: TWO }),
    }]),
  );
  await assert.rejects(readImages(entries), (error) => {
    assert(isPusherError(error, "ARCHIVE_CORRUPT"), String(error));
    assert.match(error.message, /Cannot open "-": the layer "0\/layer\.tar" is not what the config says/);
    return true;
  });
});

Deno.test("readImages() says the same thing twenty times at most", async () => {
  const tags = Array.from({ length: 500 }, (_, at) => `not a name ${at}`);
  const { contents: { notices } } = await readImages(
    await memoryEntries(await dockerSaveMembers([{ tags, layers: [] }])),
  );
  assert.equal(notices.length, 21);
  assert.match(notices.at(-1)!, /^There are 480 more notices/);
});

Deno.test("readImages() makes one image of many that are the same, up to a limit", async () => {
  const members = await dockerSaveMembers([{ layers: [] }]);
  const [item] = JSON.parse(String(members.at(-1)!.body));
  const archive = (items: number): Promise<ArchiveEntries> =>
    memoryEntries([
      ...members.slice(0, -1),
      { name: "manifest.json", body: JSON.stringify(Array(items).fill(item)) },
    ]);
  assert.equal((await readImages(await archive(100))).images.length, 1);
  await assert.rejects(
    readImages(await archive(10_001)),
    (error) => isPusherError(error, "ARCHIVE_CORRUPT") && /more than 10000 images/.test(error.message),
  );
});
