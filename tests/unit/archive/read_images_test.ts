import assert from "node:assert/strict";
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
