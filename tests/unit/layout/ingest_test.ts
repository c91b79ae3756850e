import assert from "node:assert/strict";
import { isPusherError } from "../../../lib/errors.ts";
import { ImageLayout } from "../../../lib/layout/image_layout.ts";
import { digestLike, digestOf } from "../../../lib/spec/digest.ts";
import { systemClock } from "../../../lib/util/clock.ts";
import { mountBadDisk } from "../../support/bad_disk.ts";
import { fileNames } from "../../support/file_names.ts";
import { testWith } from "../../support/real_parts.ts";
import { makeTempDir, type TempDir } from "../../support/temp_dir.ts";

const CONTENT = new TextEncoder().encode("the content of a blob");
const BLOB = { digest: await digestOf(CONTENT), size: CONTENT.length };

async function makeLayout({ path }: Pick<TempDir, "path">): Promise<ImageLayout> {
  const layout = new ImageLayout(path, systemClock);
  await layout.create();
  return layout;
}

Deno.test("Ingest has the name of the blob once it is committed, and not before", async () => {
  await using temp = await makeTempDir();
  const layout = await makeLayout(temp);
  using ingest = await layout.openIngest("one");
  await ingest!.write(CONTENT.subarray(0, 5));
  await ingest!.write(CONTENT.subarray(5));
  assert.equal(await layout.blobSize(BLOB.digest), undefined);
  await ingest!.commit(BLOB);
  assert.equal(await layout.blobSize(BLOB.digest), BLOB.size);
  assert.deepEqual(await fileNames(temp.join("ingest")), []);
});

Deno.test("Ingest is one writer's, and gone on with by the next", async () => {
  await using temp = await makeTempDir();
  const layout = await makeLayout(temp);
  {
    using ingest = await layout.openIngest("one");
    await ingest!.write(CONTENT.subarray(0, 9));
    assert.equal(await layout.openIngest("one"), undefined);
  }
  using ingest = await layout.openIngest("one");
  assert.equal(ingest!.sizeBytes, 9);
  const held = new Uint8Array(4);
  assert.equal(await ingest!.readAt(held, 4), 4);
  assert.equal(new TextDecoder().decode(held), "cont");
  await ingest!.truncate(5);
  await ingest!.write(CONTENT.subarray(5));
  const digest = await digestLike(CONTENT, `sha512:${"0".repeat(128)}` as typeof BLOB.digest);
  await ingest!.commit({ digest, size: BLOB.size });
  assert.equal(await layout.blobSize(digest), BLOB.size);
});

Deno.test("Ingest.commit() takes nothing of another digest or size, unless the writer answers for it", async () => {
  await using temp = await makeTempDir();
  const layout = await makeLayout(temp);
  const wrong = CONTENT.toReversed();
  for (const bytes of [wrong, CONTENT.subarray(1)]) {
    using ingest = await layout.openIngest("one");
    await ingest!.write(bytes);
    await assert.rejects(ingest!.commit(BLOB), (error) => isPusherError(error, "DIGEST_MISMATCH"));
    assert.deepEqual(await fileNames(temp.join("ingest")), []);
  }
  using ingest = await layout.openIngest("one");
  await ingest!.write(CONTENT.subarray(1));
  await assert.rejects(
    ingest!.commit(BLOB, { isVerified: true }),
    (error) => isPusherError(error, "DIGEST_MISMATCH"),
  );
  assert.equal(await layout.blobSize(BLOB.digest), undefined);
});

Deno.test("Ingest.abandon() leaves nothing", async () => {
  await using temp = await makeTempDir();
  const layout = await makeLayout(temp);
  const ingest = await layout.openIngest("one");
  await ingest!.write(CONTENT);
  await ingest!.abandon();
  await ingest!.abandon();
  assert.deepEqual(await fileNames(temp.join("ingest")), []);
});

testWith(["mount"], "Ingest.write() says that the disk is full", async () => {
  await using disk = await mountBadDisk("empty");
  const layout = await makeLayout(disk);
  using ingest = await layout.openIngest("one");
  await assert.rejects(
    ingest!.write(new Uint8Array(2 ** 20)),
    (error) => isPusherError(error, "STATE_UNWRITABLE") && error.hint === "Free space on that disk.",
  );
});
