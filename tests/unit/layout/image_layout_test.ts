import assert from "node:assert/strict";
import { isPusherError } from "../../../lib/errors.ts";
import { ImageLayout, ingestNameOf } from "../../../lib/layout/image_layout.ts";
import type { Descriptor } from "../../../lib/spec/descriptor.ts";
import { digestOf } from "../../../lib/spec/digest.ts";
import { MEDIA_TYPE } from "../../../lib/spec/media_type.ts";
import { systemClock } from "../../../lib/util/clock.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { fileNames } from "../../support/file_names.ts";
import { makeTempDir } from "../../support/temp_dir.ts";

const CONTENT = new TextEncoder().encode("the content of a blob");

async function descriptorOf(bytes: Uint8Array): Promise<Descriptor> {
  return { mediaType: MEDIA_TYPE.octetStream, digest: await digestOf(bytes), size: bytes.length };
}

const LAYOUT_NAMES = [".lock", "blobs", "index.json", "ingest", "oci-layout"];

const BLOB = await descriptorOf(CONTENT);

async function makeLayout(path: string): Promise<ImageLayout> {
  const layout = new ImageLayout(path, systemClock);
  await layout.create();
  return layout;
}

async function readText(stream: ReadableStream<Uint8Array> | undefined): Promise<string | undefined> {
  return stream && await new Response(stream).text();
}

Deno.test("ImageLayout.create() makes what the specification asks for, and leaves alone what is there", async () => {
  await using temp = await makeTempDir();
  const layout = await makeLayout(temp.join("a/b"));
  assert.deepEqual(await fileNames(layout.path), LAYOUT_NAMES);
  assert.equal(await Deno.readTextFile(`${layout.path}/oci-layout`), '{"imageLayoutVersion":"1.0.0"}');
  await layout.updateIndex(() => [BLOB]);
  await layout.create();
  assert.deepEqual((await layout.readIndex()).manifests.map(({ digest }) => digest), [BLOB.digest]);
});

Deno.test("ImageLayout.create() refuses a directory of somebody else, and another version", async () => {
  await using temp = await makeTempDir();
  await Deno.writeTextFile(temp.join("thesis.txt"), "");
  await assert.rejects(makeLayout(temp.path), (error) => isPusherError(error, "STATE_CORRUPT"));
  assert.deepEqual(await fileNames(temp.path), ["thesis.txt"]);
  await Deno.writeTextFile(temp.join("oci-layout"), '{"imageLayoutVersion":"2.0.0"}');
  await assert.rejects(
    makeLayout(temp.path),
    (error) => isPusherError(error, "STATE_CORRUPT") && error.detail.path.endsWith("/oci-layout"),
  );
});

Deno.test("ImageLayout.openBlob() gives a part of a blob, and nothing of one that is not there", async () => {
  await using temp = await makeTempDir();
  const layout = await makeLayout(temp.path);
  assert.equal(await layout.blobSize(BLOB.digest), undefined);
  assert.equal(await layout.openBlob(BLOB.digest), undefined);
  assert.equal(await layout.holdBlob(BLOB.digest), undefined);
  await layout.writeBlob(BLOB, CONTENT);
  assert.equal(await layout.blobSize(BLOB.digest), BLOB.size);
  assert.equal(
    await readText(await layout.openBlob(BLOB.digest, { offsetBytes: 4, lengthBytes: 7 })),
    "content",
  );
  await assert.rejects(layout.openBlob(BLOB.digest, { offsetBytes: 100 }), RangeError);
});

Deno.test("ImageLayout.removeBlob() spares what is read, held, or was used since", async () => {
  await using temp = await makeTempDir();
  const clock = new FakeClock();
  const layout = new ImageLayout(temp.path, clock);
  await layout.create();
  await layout.writeBlob(BLOB, CONTENT);
  const stream = await layout.openBlob(BLOB.digest);
  assert.equal(await layout.removeBlob(BLOB.digest), undefined);
  await stream?.cancel();
  {
    using _held = await layout.holdBlob(BLOB.digest);
    using _other = await new ImageLayout(temp.path, clock).holdBlob(BLOB.digest);
    assert.equal(await layout.removeBlob(BLOB.digest), undefined);
  }
  await layout.touchBlob(BLOB.digest);
  const [found] = await Array.fromAsync(layout.blobs());
  assert.deepEqual(found, { digest: BLOB.digest, sizeBytes: BLOB.size, usedAtMs: clock.now() });
  assert.equal(await layout.removeBlob(BLOB.digest, { unusedSinceMs: clock.now() - 1 }), undefined);
  assert.equal(await layout.removeBlob(BLOB.digest, { unusedSinceMs: clock.now() }), BLOB.size);
  assert.equal(await layout.removeBlob(BLOB.digest), undefined);
  assert.deepEqual(await Array.fromAsync(layout.blobs()), []);
});

Deno.test("ImageLayout.removeBlob() spares on request what the index lists", async () => {
  await using temp = await makeTempDir();
  const layout = await makeLayout(temp.path);
  await layout.writeBlob(BLOB, CONTENT);
  await layout.updateIndex(() => [BLOB]);
  assert.equal(await layout.removeBlob(BLOB.digest, { isUnlisted: true }), undefined);
  await layout.updateIndex(() => []);
  assert.equal(await layout.removeBlob(BLOB.digest, { isUnlisted: true }), BLOB.size);
});

Deno.test("ImageLayout.writeBlob() depends on nobody else who writes the same blob", async () => {
  await using temp = await makeTempDir();
  const layout = await makeLayout(temp.path);
  using other = await layout.openIngest(ingestNameOf(BLOB.digest));
  await Promise.all([layout, layout, await makeLayout(temp.path)].map(async (each) => {
    await each.writeBlob(BLOB, CONTENT);
    assert.equal(await each.blobSize(BLOB.digest), BLOB.size);
  }));
  await other?.abandon();
  assert.equal(await readText(await layout.openBlob(BLOB.digest)), "the content of a blob");
  assert.deepEqual(await fileNames(temp.join("ingest")), []);
});

Deno.test("ImageLayout.holdBlob() keeps a blob also when somebody writes it once more", async () => {
  await using temp = await makeTempDir();
  const layout = await makeLayout(temp.path);
  await layout.writeBlob(BLOB, CONTENT);
  using _held = await layout.holdBlob(BLOB.digest);
  using again = await layout.openIngest("again");
  await again?.write(CONTENT);
  await again?.commit(BLOB);
  assert.equal(await layout.removeBlob(BLOB.digest), undefined);
  assert.deepEqual(await fileNames(temp.join("ingest")), []);
});

Deno.test("ImageLayout.updateIndex() keeps what other tools have written into the index", async () => {
  await using temp = await makeTempDir();
  const layout = await makeLayout(temp.path);
  const foreign = {
    schemaVersion: 2,
    manifests: [{
      ...BLOB,
      data: "eyJ9",
      "x.example/field": { a: [1] },
      annotations: { "x.example/b": "c" },
    }],
    annotations: { "x.example/of-the-index": "1" },
    "x.example/top": true,
  };
  await Deno.writeTextFile(temp.join("index.json"), JSON.stringify(foreign));
  const added = { ...BLOB, size: 1 };
  await layout.updateIndex((entries) => [...entries, added]);
  assert.deepEqual(JSON.parse(await Deno.readTextFile(temp.join("index.json"))), {
    ...foreign,
    mediaType: MEDIA_TYPE.ociIndex,
    manifests: [...foreign.manifests, added],
  });
});

Deno.test("ImageLayout.updateIndex() lets everybody of one process have a turn, in order", async () => {
  await using temp = await makeTempDir();
  const layout = await makeLayout(temp.path);
  const order: number[] = [];
  await Promise.all(Array.from({ length: 20 }, (_, i) =>
    layout.updateIndex((entries) => {
      order.push(i);
      return entries;
    })));
  assert.deepEqual(order, Array.from({ length: 20 }, (_, i) => i));
});

Deno.test("ImageLayout.updateIndex() loses no entry when several add theirs", async () => {
  await using temp = await makeTempDir();
  await makeLayout(temp.path);
  const blobs = await Promise.all(
    Array.from({ length: 8 }, (_, i) => descriptorOf(new Uint8Array([i]))),
  );
  await Promise.all(blobs.map((blob) => {
    // Each is what another process would have.
    return new ImageLayout(temp.path, systemClock).updateIndex((entries) => [...entries, blob]);
  }));
  const { manifests } = await new ImageLayout(temp.path, systemClock).readIndex();
  assert.deepEqual(
    manifests.map(({ digest }) => digest).sort(),
    blobs.map(({ digest }) => digest).sort(),
  );
  assert.deepEqual(await fileNames(temp.path), LAYOUT_NAMES);
});

Deno.test("ImageLayout.updateIndex() gives up where somebody holds the lock, and leaves a damaged index", async () => {
  await using temp = await makeTempDir();
  await makeLayout(temp.path);
  const layout = new ImageLayout(temp.path, systemClock);
  await layout.updateIndex(async (entries) => {
    await assert.rejects(
      new ImageLayout(temp.path, new FakeClock({ autoAdvance: true })).updateIndex(() => []),
      (error) => isPusherError(error, "STATE_LOCKED") && error.retryable,
    );
    return entries;
  });
  await Deno.writeTextFile(temp.join("index.json"), "{");
  await assert.rejects(layout.updateIndex(() => []), (error) => isPusherError(error, "STATE_CORRUPT"));
  assert.equal(await Deno.readTextFile(temp.join("index.json")), "{");
});

Deno.test("ImageLayout.sweep() removes what killed processes left, and nothing that is being written", async () => {
  await using temp = await makeTempDir();
  const layout = await makeLayout(temp.path);
  {
    using left = await layout.openIngest("left");
    await left?.write(CONTENT);
  }
  using writing = await layout.openIngest("writing");
  await writing?.write(CONTENT);
  await Deno.writeTextFile(temp.join(".index.json.1a2b.partial"), "{");
  assert.equal(await layout.sweep(0), 0);
  assert.equal(await layout.sweep(Infinity), CONTENT.length);
  assert.deepEqual(await fileNames(temp.path), LAYOUT_NAMES);
  assert.deepEqual(await fileNames(temp.join("ingest")), ["writing"]);
});

Deno.test("ImageLayout is whole after processes were killed that wrote the same", async () => {
  await using temp = await makeTempDir();
  const layout = await makeLayout(temp.path);
  const script = new URL("./write_blobs.ts", import.meta.url).href;
  const args = ["run", "-A", "--no-lock", script, temp.path];
  const children = [1, 2].map(() => new Deno.Command(Deno.execPath(), { args, stdout: "piped" }).spawn());
  for (const child of children) {
    const reader = child.stdout.getReader();
    await reader.read();
    child.kill("SIGKILL");
    await child.status;
    await reader.cancel();
  }
  let blobs = 0;
  for await (const { digest } of layout.blobs()) {
    const bytes = await new Response(await layout.openBlob(digest)).bytes();
    assert.equal(await digestOf(bytes), digest);
    blobs++;
  }
  assert.ok(blobs > 0);
  for (const { digest } of (await layout.readIndex()).manifests) assert.ok(await layout.blobSize(digest));
  await layout.sweep(Infinity);
  assert.deepEqual(await fileNames(temp.join("ingest")), []);
  await layout.writeBlob(BLOB, CONTENT);
  assert.equal(await readText(await layout.openBlob(BLOB.digest)), "the content of a blob");
});

Deno.test("ImageLayout is told of a disk that may not be written", async () => {
  await using temp = await makeTempDir();
  await Deno.writeTextFile(temp.join("file"), "");
  await assert.rejects(
    makeLayout(temp.join("file/layout")),
    (error) => isPusherError(error, "STATE_UNWRITABLE") && /not a directory/.test(error.message),
  );
  const layout = new ImageLayout(temp.join("missing"), systemClock);
  assert.deepEqual((await layout.readIndex()).manifests, []);
  assert.deepEqual(await Array.fromAsync(layout.blobs()), []);
  await assert.rejects(
    layout.openIngest(ingestNameOf(BLOB.digest)),
    (error) => isPusherError(error, "STATE_UNWRITABLE"),
  );
  await assert.rejects(layout.openIngest("../x"), RangeError);
});
