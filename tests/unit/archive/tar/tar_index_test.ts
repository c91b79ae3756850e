import assert from "node:assert/strict";
import { unpackTar } from "modern-tar";
import { indexTar, type TarIndex } from "../../../../lib/archive/tar/tar_index.ts";
import { type ErrorCode, isPusherError } from "../../../../lib/errors.ts";
import { memoryBytes, tarBytes, type TarMember } from "../../../support/archives.ts";

function indexOf(members: TarMember[]): Promise<TarIndex> {
  return indexTar(memoryBytes(tarBytes(members)));
}

async function rejectsWith(found: Promise<unknown>, code: ErrorCode, reason: RegExp): Promise<void> {
  await assert.rejects(found, (error) => {
    assert(isPusherError(error, code), String(error));
    assert.match(error.message, reason);
    return true;
  });
}

Deno.test("TarIndex.find() finds a file by every spelling of its name", async () => {
  for (const stored of ["a/b", "./a/b", "/a/b", "a//b"]) {
    const index = await indexOf([{ name: stored, body: "hello" }]);
    for (const name of ["a/b", "./a/b", "/a/b"]) {
      assert.deepEqual(
        await index.find(name),
        { name: "a/b", type: "file", offsetBytes: 512, sizeBytes: 5, linkTarget: "" },
      );
    }
    assert.deepEqual([...index.names], ["a/b"]);
    assert(index.has("a/b"));
  }
});

Deno.test("TarIndex.find() finds nothing under names that are not there or unusable", async () => {
  const index = await indexOf([{ name: "../a" }, { name: "a\\b" }, { name: "b/../c" }, { name: "../" }]);
  assert.deepEqual([...index.names], []);
  for (const name of ["a", "../a", "a\\b", "c", "", "\0"]) assert.equal(await index.find(name), undefined);
});

Deno.test("TarIndex.find() follows links to what stands before or after them, over several hops", async () => {
  const index = await indexOf([
    { name: "first/layer.tar", type: "2", linkTarget: "../second/layer.tar" },
    { name: "second/layer.tar", type: "1", linkTarget: "./third/layer.tar" },
    { name: "third/layer.tar", body: "hello" },
    { name: "last", type: "2", linkTarget: "first/layer.tar" },
  ]);
  assert.equal((await index.find("last"))?.name, "third/layer.tar");
  assert.equal((await index.find("first/layer.tar"))?.sizeBytes, 5);
});

Deno.test("TarIndex.find() follows as many links as Linux does, and no more", async () => {
  const chain = Array.from(
    { length: 100 },
    (_, at) => ({ name: `l${at}`, type: "2", linkTarget: `l${at + 1}` }),
  );
  const index = await indexOf([...chain, { name: "l100", body: "hello" }]);
  assert.equal((await index.find("l60"))?.sizeBytes, 5);
  await rejectsWith(index.find("l59"), "ARCHIVE_CORRUPT", /"l59" is a link over more than 40 others/);
  await rejectsWith(index.find("l0"), "ARCHIVE_CORRUPT", /"l0" is a link over more than 40 others/);
});

Deno.test("TarIndex.find() counts hard links from the root and symbolic ones from their directory", async () => {
  const index = await indexOf([
    { name: "x", body: "at the root" },
    { name: "dir/x", body: "in dir" },
    { name: "dir/hard", type: "1", linkTarget: "x" },
    { name: "dir/soft", type: "2", linkTarget: "x" },
  ]);
  assert.equal((await index.find("dir/hard"))?.name, "x");
  assert.equal((await index.find("dir/soft"))?.name, "dir/x");
});

Deno.test("TarIndex.find() refuses links in circles and links out of the archive, when they are needed", async () => {
  const index = await indexOf([
    { name: "self", type: "2", linkTarget: "self" },
    { name: "hard", type: "1", linkTarget: "hard" },
    { name: "a", type: "2", linkTarget: "b" },
    { name: "b", type: "1", linkTarget: "a" },
    { name: "up", type: "2", linkTarget: "../../etc/passwd" },
    { name: "root", type: "2", linkTarget: "/etc/passwd" },
    { name: "outside", type: "1", linkTarget: "../x" },
    { name: "dangling", type: "2", linkTarget: "nowhere" },
    { name: "fine", body: "x" },
  ]);
  for (const name of ["self", "hard", "a", "b"]) {
    await rejectsWith(index.find(name), "ARCHIVE_CORRUPT", /leads back to itself/);
  }
  for (const name of ["up", "root", "outside"]) {
    await rejectsWith(index.find(name), "ARCHIVE_CORRUPT", /leaves the archive/);
  }
  assert.equal(await index.find("dangling"), undefined);
  assert.equal((await index.find("fine"))?.name, "fine");
});

Deno.test("TarIndex.find() takes equal entries of one name as one, and refuses different ones", async () => {
  const long = new Uint8Array(200_000).fill(7);
  const changed = long.slice();
  changed[199_999] = 8;
  const index = await indexOf([
    { name: "same", body: long },
    { name: "content", body: long },
    { name: "size", body: "a" },
    { name: "kind", body: "" },
    { name: "target", type: "2", linkTarget: "same" },
    { name: "./same", body: long },
    { name: "content", body: changed },
    { name: "size", body: "ab" },
    { name: "kind", type: "2", linkTarget: "same" },
    { name: "target", type: "2", linkTarget: "size" },
    { name: "same", body: long },
  ]);
  assert.equal((await index.find("same"))?.sizeBytes, 200_000);
  for (const name of ["content", "size", "kind", "target"]) {
    await rejectsWith(
      index.find(name),
      "ARCHIVE_CORRUPT",
      new RegExp(`"${name}" is there twice, with different`),
    );
  }
});

Deno.test("TarIndex.find() compares entries of one name only once", async () => {
  const source = memoryBytes(tarBytes([{ name: "a", body: "x" }, { name: "a", body: "x" }]));
  const index = await indexTar(source);
  await index.find("a");
  const { reads } = source;
  await index.find("a");
  assert.equal(source.reads, reads);
});

Deno.test("TarIndex.find() refuses directories and sparse entries, when they are needed", async () => {
  const index = await indexOf([
    { name: "dir/", type: "5" },
    { name: "device", type: "3" },
    { name: "layer\u{7}", type: "S", format: "gnu", body: "data" },
  ]);
  await rejectsWith(index.find("dir"), "ARCHIVE_CORRUPT", /"dir" is no file/);
  await rejectsWith(index.find("device"), "ARCHIVE_CORRUPT", /"device" is no file/);
  await rejectsWith(index.find("layer\u{7}"), "ARCHIVE_UNSUPPORTED", /"layer\\u\{7\}" is stored sparse/);
});

Deno.test("indexTar() refuses names that take unreasonable memory", async () => {
  const long = "x".repeat(1000);
  const members = Array.from({ length: 500 }, (_, at) => ({
    name: "a",
    type: "2",
    pax: { path: `${at}`, linkpath: long.repeat(100) },
  }));
  await rejectsWith(indexOf(members), "ARCHIVE_UNSUPPORTED", /entry names take more than 32 MiB/);
});

for (
  const { name } of [...Deno.readDirSync("tests/fixtures/archives")].toSorted((a, b) =>
    a.name < b.name ? -1 : 1
  )
) {
  if (!name.endsWith(".tar") || name === "z07-truncated.tar") continue;
  Deno.test(`indexTar() finds in ${name} what another reader finds`, async () => {
    const bytes = await Deno.readFile(`tests/fixtures/archives/${name}`);
    const index = await indexTar(memoryBytes(bytes));
    let files = 0;
    for (const { header, data } of await unpackTar(bytes)) {
      if (header.type !== "file") continue;
      files++;
      const entry = await index.find(header.name);
      assert(entry, header.name);
      assert.deepEqual(
        bytes.subarray(entry.offsetBytes, entry.offsetBytes + entry.sizeBytes),
        data,
        header.name,
      );
    }
    assert(files > 0);
  });
}
