import assert from "node:assert/strict";
import { isPusherError } from "../../../../lib/errors.ts";
import { TarInput } from "../../../../lib/archive/tar/tar_input.ts";
import { readTarEntries } from "../../../../lib/archive/tar/tar_reader.ts";
import { tarBytes } from "../../../support/archives.ts";
import { bytesReader } from "../../../support/piped_input.ts";
import { seededBytes } from "../../../support/seeded_random.ts";

const BYTES = seededBytes(300_000);

async function readAll(read: (into: Uint8Array) => Promise<number>, pieceBytes = 1000): Promise<Uint8Array> {
  const all: number[] = [];
  const piece = new Uint8Array(pieceBytes);
  for (let count = 0; (count = await read(piece)) > 0;) all.push(...piece.subarray(0, count));
  return Uint8Array.from(all);
}

Deno.test("TarInput.bytes() looks ahead without taking, and skips what lies before", async () => {
  for (const pieceBytes of [1, 700, 2 ** 16, Infinity]) {
    const input = new TarInput("-", bytesReader(BYTES, pieceBytes));
    for (
      const [offset, length] of [[0, 512], [0, 512], [512, 10], [600, 100_000], [250_000, 10], [
        299_995,
        10,
      ]] as const
    ) {
      assert.deepEqual(await input.bytes(offset, length), BYTES.subarray(offset, offset + length));
    }
    assert.equal(input.isAtEnd, true);
    assert.equal(input.readBytes, BYTES.length);
  }
});

Deno.test("TarInput.body() gives exactly the body, what was looked at and what was not", async () => {
  for (const pieceBytes of [1, 700, Infinity]) {
    const input = new TarInput("-", bytesReader(BYTES, pieceBytes));
    await input.bytes(512, 512);
    const body = await readAll(input.body({ name: "layer", offsetBytes: 512, sizeBytes: 200_000 }));
    assert.deepEqual(body, BYTES.subarray(512, 200_512));
    assert.deepEqual(await input.bytes(201_000, 5), BYTES.subarray(201_000, 201_005));
    assert.equal(input.isAtEnd, false);
  }
});

Deno.test("TarInput.body() of which nobody reads all does not disturb what follows", async () => {
  const input = new TarInput("-", bytesReader(BYTES, 333));
  await input.body({ name: "layer", offsetBytes: 100, sizeBytes: 5000 })(new Uint8Array(10));
  assert.deepEqual(await input.bytes(6000, 5), BYTES.subarray(6000, 6005));
});

Deno.test("TarInput.body() fails where the input ends, naming the entry", async () => {
  const input = new TarInput("-", bytesReader(BYTES));
  const read = input.body({ name: "1/layer.tar", offsetBytes: 0, sizeBytes: BYTES.length + 1 });
  await assert.rejects(readAll(read), (error) => {
    assert.ok(isPusherError(error, "ARCHIVE_CORRUPT"));
    assert.match(error.message, /"-": it ended inside "1\/layer\.tar"$/);
    assert.equal(error.detail.offsetBytes, BYTES.length);
    return true;
  });
});

Deno.test("readTarEntries() reads headers from an input, with bodies taken or left", async () => {
  const members = [0, 1, 511, 512, 513, 100_000].map((sizeBytes, at) => (
    { name: `${at}-${"long".repeat(at * 20)}`, body: BYTES.subarray(0, sizeBytes) }
  ));
  for (const takes of [true, false]) {
    const bytes = tarBytes(members.map((member) => ({ ...member, pax: { path: member.name } })));
    const input = new TarInput("-", bytesReader(bytes, 777));
    const names: string[] = [];
    for await (const entry of readTarEntries(input)) {
      names.push(entry.name);
      if (takes) assert.deepEqual(await readAll(input.body(entry)), BYTES.subarray(0, entry.sizeBytes));
    }
    assert.deepEqual(names, members.map(({ name }) => name));
    assert.equal(input.isAtEnd, false, "the end was announced");
  }
});

Deno.test("TarInput.isAtEnd tells an archive whose end is missing", async () => {
  const bytes = tarBytes([{ name: "a", body: "x" }], { endBlocks: 0 });
  const input = new TarInput("-", bytesReader(bytes));
  assert.equal((await Array.fromAsync(readTarEntries(input))).length, 1);
  assert.equal(input.isAtEnd, true);
});
