import assert from "node:assert/strict";
import { gunzipSync, inflateRawSync } from "node:zlib";
import { unpackTar } from "modern-tar";
import type { PackageFile } from "../../../scripts/release/package_file.ts";
import { tarGz } from "../../../scripts/release/tar_gz.ts";
import { zip } from "../../../scripts/release/zip.ts";

const TIME = Date.UTC(2026, 10, 22, 13, 14, 16) / 1000;

function file(name: string, text: string, isExecutable = false): PackageFile {
  return { name, content: new TextEncoder().encode(text), isExecutable };
}

const FILES = [file("p/run", "#!/bin/sh\n", true), file("p/a.txt", "text ".repeat(100))];

Deno.test("tarGz() writes files by name, of nobody in particular, at the time of the commit", async () => {
  const archive = await tarGz(FILES, TIME);
  const entries = await unpackTar(gunzipSync(archive));
  assert.deepEqual(
    entries.map(({ header }) => [header.name, header.mode, header.uid, header.mtime?.getTime()]),
    [["p/a.txt", 0o644, 0, TIME * 1000], ["p/run", 0o755, 0, TIME * 1000]],
  );
  assert.deepEqual(await tarGz(FILES.toReversed(), TIME), archive);
  assert.equal(archive[9], 255, "the header does not say which system made it");
});

Deno.test("zip() writes files by name, with permissions and the time of the commit", () => {
  const archive = zip(FILES, TIME);
  assert.deepEqual(zip(FILES.toReversed(), TIME), archive);
  const view = new DataView(archive.buffer);
  const end = archive.length - 22;
  assert.equal(view.getUint32(end, true), 0x06054b50);
  let at = view.getUint32(end + 16, true);
  const found = FILES.toReversed().map(({ content, isExecutable }) => {
    const [sizeBytes, nameBytes] = [view.getUint32(at + 20, true), view.getUint16(at + 28, true)];
    const local = view.getUint32(at + 42, true);
    const body = archive.subarray(local + 30 + nameBytes, local + 30 + nameBytes + sizeBytes);
    assert.deepEqual(new Uint8Array(inflateRawSync(body)), content);
    assert.equal(view.getUint32(at + 38, true) >>> 16, 0o100000 | (isExecutable ? 0o755 : 0o644));
    assert.equal(view.getUint16(at + 12, true), 13 << 11 | 14 << 5 | 8);
    assert.equal(view.getUint16(at + 14, true), (2026 - 1980) << 9 | 11 << 5 | 22);
    const name = new TextDecoder().decode(archive.subarray(at + 46, at + 46 + nameBytes));
    at += 46 + nameBytes;
    return name;
  });
  assert.deepEqual(found, ["p/a.txt", "p/run"]);
  assert.equal(at, end);
});
