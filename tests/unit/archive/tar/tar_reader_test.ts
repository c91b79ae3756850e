import assert from "node:assert/strict";
import { ReadWindow } from "../../../../lib/archive/read_window.ts";
import { readTarEntries, type TarEntry } from "../../../../lib/archive/tar/tar_reader.ts";
import { isPusherError } from "../../../../lib/errors.ts";
import {
  concatBytes,
  memoryBytes,
  paxRecords,
  tarBytes,
  type TarMember,
  toBytes,
} from "../../../support/archives.ts";

function entriesOf(bytes: Uint8Array): Promise<TarEntry[]> {
  return Array.fromAsync(readTarEntries(new ReadWindow(memoryBytes(bytes))));
}

async function namesOf(members: TarMember[]): Promise<string[]> {
  return (await entriesOf(tarBytes(members))).map(({ name }) => name);
}

async function rejectsWith(bytes: Uint8Array, reason: RegExp): Promise<void> {
  await assert.rejects(entriesOf(bytes), (error) => {
    assert(isPusherError(error, "ARCHIVE_CORRUPT"), String(error));
    assert.match(error.message, /^Cannot open "memory\.tar": /);
    assert.match(error.message, reason);
    return true;
  });
}

Deno.test("readTarEntries() says of each entry what it is and where its body lies", async () => {
  const bytes = tarBytes([
    { name: "dir/", type: "5" },
    { name: "dir/file", body: "hello" },
    { name: "dir/soft", type: "2", linkTarget: "file" },
    { name: "dir/hard", type: "1", linkTarget: "dir/file" },
    { name: "dir/pipe", type: "6" },
    { name: "dir/contiguous", type: "7", body: "x" },
  ]);
  assert.deepEqual(await entriesOf(bytes), [
    { name: "dir/", type: "directory", offsetBytes: 512, sizeBytes: 0, linkTarget: "" },
    { name: "dir/file", type: "file", offsetBytes: 1024, sizeBytes: 5, linkTarget: "" },
    { name: "dir/soft", type: "symlink", offsetBytes: 2048, sizeBytes: 0, linkTarget: "file" },
    { name: "dir/hard", type: "hardlink", offsetBytes: 2560, sizeBytes: 0, linkTarget: "dir/file" },
    { name: "dir/pipe", type: "other", offsetBytes: 3072, sizeBytes: 0, linkTarget: "" },
    { name: "dir/contiguous", type: "file", offsetBytes: 3584, sizeBytes: 1, linkTarget: "" },
  ]);
});

Deno.test("readTarEntries() reads V7, whose directories are files with a slash", async () => {
  const bytes = tarBytes([
    { name: "dir/", type: "\0", format: "v7" },
    { name: "dir/file", type: "\0", format: "v7", body: "hello" },
  ]);
  assert.deepEqual((await entriesOf(bytes)).map(({ type }) => type), ["directory", "file"]);
});

Deno.test("readTarEntries() gives links and directories no body, whatever their size says", async () => {
  assert.deepEqual(
    await namesOf([
      { name: "link", type: "1", linkTarget: "a", sizeBytes: 7000 },
      { name: "soft", type: "2", linkTarget: "a", sizeBytes: 7000 },
      { name: "dir", type: "5", sizeBytes: 7000 },
      { name: "a" },
    ]),
    ["link", "soft", "dir", "a"],
  );
});

Deno.test("readTarEntries() lets PAX records override the header for one entry", async () => {
  const long = "d/".repeat(100) + "f";
  const [first, second] = await entriesOf(tarBytes([
    {
      name: "cut",
      type: "2",
      linkTarget: "cut",
      pax: { path: long, linkpath: "t".repeat(200), mtime: "1.5", comment: "" },
    },
    { name: "next" },
  ]));
  assert.equal(first?.name, long);
  assert.equal(first?.linkTarget, "t".repeat(200));
  assert.equal(second?.name, "next");
});

Deno.test("readTarEntries() follows the PAX size, not the header's, past the body", async () => {
  const smuggled = tarBytes([{ name: "smuggled" }], { endBlocks: 0 });
  // Readers that ignore the record would go on inside the body and find another entry there.
  const bytes = concatBytes([
    tarBytes([{ name: "layer", sizeBytes: 0, pax: { size: "512" } }], { endBlocks: 0 }),
    smuggled,
    tarBytes([{ name: "next" }]),
  ]);
  assert.deepEqual((await entriesOf(bytes)).map(({ name, sizeBytes }) => [name, sizeBytes]), [
    ["layer", 512],
    ["next", 0],
  ]);
});

Deno.test("readTarEntries() keeps global records until they are replaced, and deletes with empty values", async () => {
  const global = (path: string): TarMember => ({ name: "g", type: "g", body: paxRecords({ path }) });
  assert.deepEqual(
    await namesOf([
      global("global"),
      { name: "a" },
      { name: "b", pax: { path: "local" } },
      { name: "c", pax: { path: "" } },
      { name: "d" },
      global(""),
      { name: "e" },
    ]),
    ["global", "local", "c", "global", "e"],
  );
});

Deno.test("readTarEntries() reads GNU long names and link targets", async () => {
  const name = "n".repeat(300);
  const target = "../../" + "t".repeat(300);
  const [entry, next] = await entriesOf(tarBytes([
    { name: "././@LongLink", type: "K", format: "gnu", body: `${target}\0` },
    { name: "././@LongLink", type: "L", format: "gnu", body: `${name}\0` },
    { name: name.slice(0, 100), type: "2", format: "gnu", linkTarget: target.slice(0, 100) },
    { name: "next", format: "gnu" },
  ]));
  assert.deepEqual([entry?.name, entry?.linkTarget], [name, target]);
  assert.equal(next?.name, "next");
});

Deno.test("readTarEntries() tells sparse entries by type and by PAX records, with their real names", async () => {
  const more = new Uint8Array(512);
  more[504] = 1;
  const bytes = concatBytes([
    tarBytes([{ name: "plain-map", type: "S", format: "gnu", body: "data" }], { endBlocks: 0 }),
    tarBytes([{ name: "long-map", type: "S", format: "gnu", patch: (header) => header[482] = 1 }], {
      endBlocks: 0,
    }),
    more,
    new Uint8Array(512),
    tarBytes([
      {
        name: "GNUSparseFile.0/x",
        body: "data",
        pax: { "GNU.sparse.major": "1", "GNU.sparse.name": "dir/x" },
      },
      { name: "next" },
    ]),
  ]);
  assert.deepEqual((await entriesOf(bytes)).map(({ name, type }) => [name, type]), [
    ["plain-map", "sparse"],
    ["long-map", "sparse"],
    ["dir/x", "sparse"],
    ["next", "file"],
  ]);
});

Deno.test("readTarEntries() ends at zeros, and ignores what follows", async () => {
  const bytes = concatBytes([tarBytes([{ name: "a" }]), toBytes("garbage".repeat(1000))]);
  assert.deepEqual((await entriesOf(bytes)).map(({ name }) => name), ["a"]);
});

Deno.test("readTarEntries() takes a single block of zeros for damage, unless it is the last", async () => {
  const parts = (zeros: number): Uint8Array[] => [
    tarBytes([{ name: "a" }], { endBlocks: zeros }),
    tarBytes([{ name: "b" }], { endBlocks: 0 }),
  ];
  await rejectsWith(concatBytes(parts(1)), /the tar header at byte 512 is damaged: it is empty$/);
  assert.equal((await entriesOf(concatBytes(parts(2)))).length, 1);
  assert.equal((await entriesOf(parts(1)[0]!)).length, 1);
});

Deno.test("readTarEntries() ends with the file where the zeros are missing, or the last padding", async () => {
  const whole = tarBytes([{ name: "a", body: "hello" }], { endBlocks: 0 });
  assert.equal((await entriesOf(whole)).length, 1);
  assert.equal((await entriesOf(whole.subarray(0, 512 + 5))).length, 1);
  assert.equal((await entriesOf(concatBytes([whole, new Uint8Array(100)]))).length, 1);
  assert.deepEqual(await entriesOf(new Uint8Array(0)), []);
});

Deno.test("readTarEntries() fails where the file ends inside a body, naming the entry", async () => {
  const whole = tarBytes([{ name: "blobs/x\u{1b}[2J", body: "hello" }], { endBlocks: 0 });
  await rejectsWith(whole.subarray(0, 512 + 4), /the file ends inside "blobs\/x\\u\{1b\}\[2J"$/);
  await assert.rejects(entriesOf(whole.subarray(0, 512 + 4)), (error) => {
    assert(isPusherError(error, "ARCHIVE_CORRUPT"));
    assert.deepEqual(error.detail, { path: "memory.tar", entry: "blobs/x\u{1b}[2J", offsetBytes: 516 });
    return true;
  });
});

Deno.test("readTarEntries() fails where the file ends inside a header", async () => {
  const two = tarBytes([{ name: "a" }, { name: "b" }], { endBlocks: 0 });
  await rejectsWith(two.subarray(0, 700), /ends inside a tar header/);
  const extended = tarBytes([{ name: "a", pax: { path: "b" } }], { endBlocks: 0 });
  await rejectsWith(extended.subarray(0, 515), /ends inside a tar header/);
});

Deno.test("readTarEntries() fails on a damaged header, naming its place", async () => {
  const bytes = tarBytes([{ name: "a", body: "hello" }, { name: "b" }]);
  bytes[1024] = 0x63;
  await rejectsWith(bytes, /the tar header at byte 1024 is damaged: the checksum is wrong/);
});

Deno.test("readTarEntries() refuses sizes that cannot be", async () => {
  const negative: TarMember = { name: "a", patch: (header) => header.fill(0xff, 124, 136) };
  const huge: TarMember = { name: "a", patch: (header) => header.set([0x80, 0, 0, 0, 0x40], 124) };
  await rejectsWith(tarBytes([negative]), /a number is negative/);
  await rejectsWith(tarBytes([huge]), /a number is too large/);
  await rejectsWith(tarBytes([{ name: "a", pax: { size: "-512" } }]), /the size "-512" is not plausible/);
  await rejectsWith(tarBytes([{ name: "a", pax: { size: String(2n ** 62n) } }]), /is not plausible/);
  await rejectsWith(
    tarBytes([{ name: "a", sizeBytes: 2 ** 53 - 1, sizeFormat: "base256" }]),
    /ends inside "a"/,
  );
});

Deno.test("readTarEntries() refuses extensions of more than 1 MiB without reading them", async () => {
  for (const type of ["x", "g", "L", "K"]) {
    const source = memoryBytes(tarBytes([{ name: "bomb", type, body: new Uint8Array(2 ** 21) }]));
    await assert.rejects(
      Array.fromAsync(readTarEntries(new ReadWindow(source))),
      /its extension of 2097152 bytes is longer/,
    );
    assert(source.readBytes <= 4096, type);
  }
});

// It would take many minutes if all records were merged for each entry.
Deno.test("readTarEntries() keeps few of many records that hold for many entries", async () => {
  const many = Object.fromEntries(Array.from({ length: 40_000 }, (_, at) => [`GNU.sparse.${at}`, "1"]));
  const others = Object.fromEntries(Array.from({ length: 30_000 }, (_, at) => [`comment.${at}`, "1"]));
  const globals = [many, others].map((records) => ({ name: "g", type: "g", body: paxRecords(records) }));
  const entry = tarBytes([{ name: "a", pax: { path: "b" } }], { endBlocks: 0 });
  const bytes = concatBytes([tarBytes(globals, { endBlocks: 0 }), ...Array<Uint8Array>(10_000).fill(entry)]);
  const entries = await entriesOf(bytes);
  assert.equal(entries.length, 10_000);
  assert(entries.every(({ name, type }) => name === "b" && type === "sparse"));
});

Deno.test("readTarEntries() refuses a sparse map without end", async () => {
  const more = new Uint8Array(512);
  more[504] = 1;
  const header = tarBytes([{ name: "s", type: "S", patch: (header) => header[482] = 1 }], { endBlocks: 0 });
  await rejectsWith(concatBytes([header, ...Array(5000).fill(more)]), /its sparse map is too long/);
});

Deno.test("readTarEntries() refuses more headers than there may be, extended ones included", async () => {
  const source = memoryBytes(tarBytes([{ name: "a", pax: { comment: "x" } }, { name: "b" }]));
  assert.equal((await Array.fromAsync(readTarEntries(new ReadWindow(source), { maxHeaders: 3 }))).length, 2);
  await assert.rejects(
    Array.fromAsync(readTarEntries(new ReadWindow(source), { maxHeaders: 2 })),
    (error) => {
      assert(isPusherError(error, "ARCHIVE_UNSUPPORTED"));
      assert.match(error.message, /it has more than 2 entries/);
      return true;
    },
  );
});

Deno.test("readTarEntries() does not read bodies", async () => {
  const body = new Uint8Array(2 ** 20);
  const source = memoryBytes(tarBytes(["a", "b", "c", "d"].map((name) => ({ name, body }))));
  assert.equal((await Array.fromAsync(readTarEntries(new ReadWindow(source)))).length, 4);
  assert(source.readBytes <= 5 * 4096, `${source.readBytes} bytes read`);
});

Deno.test("readTarEntries() reads 100,000 small entries in few reads", async () => {
  const member = tarBytes([{ name: "a", body: "x" }], { endBlocks: 0 });
  const bytes = new Uint8Array(100_000 * member.length);
  for (let at = 0; at < bytes.length; at += member.length) bytes.set(member, at);
  const source = memoryBytes(bytes);
  assert.equal((await Array.fromAsync(readTarEntries(new ReadWindow(source)))).length, 100_000);
  assert(source.reads < 1700, `${source.reads} reads`);
  assert(source.readBytes <= source.sizeBytes, "nothing is read twice");
});
