import assert from "node:assert/strict";
import { openArchive } from "../../../lib/archive/open_archive.ts";
import {
  digestPassing,
  type PassingFile,
  readPipedArchive,
} from "../../../lib/archive/read_piped_archive.ts";
import type { ImageArchive } from "../../../lib/archive/image_archive.ts";
import type { ByteReader } from "../../../lib/util/byte_reader.ts";

const FIXTURES = new URL("../../fixtures/archives/", import.meta.url);
const BAD = ["z07-truncated", "z09-symlink-loop", "z23-tampered", "z24-layercount"];

function readerOf(bytes: Uint8Array, pieceBytes = Infinity): ByteReader {
  let at = 0;
  return (into) => {
    const piece = bytes.subarray(at, at + Math.min(into.length, pieceBytes));
    into.set(piece);
    at += piece.length;
    return Promise.resolve(piece.length);
  };
}

async function readPiped(
  bytes: Uint8Array,
  pieceBytes?: number,
): Promise<{ archive: ImageArchive; files: PassingFile[] }> {
  const files: PassingFile[] = [];
  const input = {
    path: "-",
    read: readerOf(bytes, pieceBytes),
    readBytes: bytes.length,
    async [Symbol.asyncDispose]() {},
  };
  const archive = await readPipedArchive(input, async (file, read) => {
    files.push(file);
    return { digest: await digestPassing(read) };
  });
  return { archive, files };
}

for await (const { name } of Deno.readDir(FIXTURES)) {
  const fixture = name.replace(/\.tar$/, "");
  if (fixture === name || BAD.includes(fixture)) continue;
  Deno.test(`readPipedArchive() finds in ${fixture} what openArchive() finds`, async () => {
    const path = new URL(name, FIXTURES).pathname;
    using expected = await openArchive(path);
    for (const pieceBytes of [7, 1000, undefined]) {
      const { archive } = await readPiped(await Deno.readFile(path), pieceBytes);
      assert.deepEqual(archive.images, expected.images);
      assert.deepEqual(archive.notices, expected.notices);
      assert.equal(archive.format, expected.format);
    }
  });
}
