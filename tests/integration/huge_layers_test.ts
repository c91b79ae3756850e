import assert from "node:assert/strict";
import { openArchive } from "../../lib/archive/open_archive.ts";
import { planOfPush } from "../../lib/commands/push/push.ts";
import { sha256Digest } from "../../lib/spec/digest.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { pushArchive } from "../support/push_archive.ts";
import {
  digestOfSparseLayer,
  hasSparseFiles,
  type LargeSizeFormat,
  LAYER_END,
  writeSparseArchive,
} from "../support/sparse_archive.ts";
import { makeTempDir } from "../support/temp_dir.ts";
import { startTestRegistry } from "../support/test_registry.ts";

const FORMATS: readonly LargeSizeFormat[] = ["base-256", "PAX", "12 octal digits"];
/** Beyond what 11 octal digits can say (8 GiB), and no multiple of a block. */
const LAYER_BYTES = 9 * 2 ** 30 + 1;
const HAS_SPARSE_FILES = await hasSparseFiles();
/** It takes a minute for each. */
const IS_PATIENT = Deno.env.get("TEST_HUGE_LAYERS") === "1";

async function readText(stream: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  for await (const chunk of stream) text += new TextDecoder().decode(chunk);
  return text;
}

for (const sizeFormat of FORMATS) {
  Deno.test({
    name: `a layer of 9 GiB is found and read with its size in ${sizeFormat}`,
    ignore: !HAS_SPARSE_FILES,
    async fn() {
      await using temp = await makeTempDir();
      await using registry = startTestRegistry();
      const path = temp.join("app.tar");
      const diffId = sha256Digest("ab".repeat(32));
      await writeSparseArchive(path, { layerBytes: LAYER_BYTES, sizeFormat, diffId });
      {
        using archive = await openArchive(path);
        const layer = archive.images[0]!.root.blobs[1]!;
        assert.equal(layer.size, LAYER_BYTES);
        assert.equal(archive.identityOf(layer), archive.identityOf(archive.images[0]!.root.blobs[0]!));
        const end = { offsetBytes: LAYER_BYTES - LAYER_END.length };
        assert.equal(await readText(archive.openBlob(layer, end)), LAYER_END);
        const middle = { offsetBytes: 2 ** 33 - 2, lengthBytes: 4 };
        assert.equal(await readText(archive.openBlob(layer, middle)), "\0\0\0\0");
        assert(archive.readBytes < 50_000, `${archive.readBytes} bytes read`);
      }
      const { uploadBytes, images } = await planOfPush({
        archives: [path],
        targets: [`${registry.host}/app:1`],
        stateDir: temp.join("state"),
      }, {
        signal: new AbortController().signal,
        clock: new FakeClock({ autoAdvance: true }),
        random: () => 0.5,
        env: () => undefined,
        onEvent: () => {},
      });
      assert.deepEqual(images[0]?.blobs.map(({ action }) => action), ["upload", "upload"]);
      assert(uploadBytes > LAYER_BYTES && uploadBytes < LAYER_BYTES + 500);
    },
  });

  Deno.test({
    name: `push sends a layer of 9 GiB with its size in ${sizeFormat} [with TEST_HUGE_LAYERS=1]`,
    ignore: !HAS_SPARSE_FILES || !IS_PATIENT,
    async fn() {
      await using temp = await makeTempDir();
      await using registry = startTestRegistry({ storage: "discard" });
      const path = temp.join("app.tar");
      const diffId = digestOfSparseLayer(LAYER_BYTES);
      await writeSparseArchive(path, { layerBytes: LAYER_BYTES, sizeFormat, diffId });
      const { failures, sentBytes } = await pushArchive(path, { targets: [`${registry.host}/app:1`] });
      assert.deepEqual(failures, []);
      assert(sentBytes > LAYER_BYTES);
      const repository = registry.repository("app");
      assert.equal(repository.blobs.get(diffId)?.sizeBytes, LAYER_BYTES);
      assert(repository.tags.has("1"));
    },
  });
}
