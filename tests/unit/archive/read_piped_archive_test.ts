import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { openArchive } from "../../../lib/archive/open_archive.ts";
import {
  digestPassing,
  type PassingFile,
  readPipedArchive,
} from "../../../lib/archive/read_piped_archive.ts";
import type { ImageArchive } from "../../../lib/archive/image_archive.ts";
import { isPusherError } from "../../../lib/errors.ts";
import { digestOf } from "../../../lib/spec/digest.ts";
import { dockerSaveMembers, gzip, layerBytes, tarBytes, type TarMember } from "../../support/archives.ts";
import { bytesReader } from "../../support/piped_input.ts";
import { seededBytes } from "../../support/seeded_random.ts";

const FIXTURES = new URL("../../fixtures/archives/", import.meta.url);
const BAD = ["z07-truncated", "z09-symlink-loop", "z23-tampered", "z24-layercount"];

async function readPiped(
  bytes: Uint8Array,
  pieceBytes?: number,
): Promise<{ archive: ImageArchive; files: PassingFile[] }> {
  const files: PassingFile[] = [];
  const input = {
    path: "-",
    read: bytesReader(bytes, pieceBytes),
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
    const path = fileURLToPath(new URL(name, FIXTURES));
    using expected = await openArchive(path);
    for (const pieceBytes of [7, 1000, undefined]) {
      const { archive } = await readPiped(await Deno.readFile(path), pieceBytes);
      assert.deepEqual(archive.images, expected.images);
      assert.deepEqual(archive.notices, expected.notices);
      assert.equal(archive.format, expected.format);
    }
  });
}

const RANDOM = seededBytes(100_000);
const LAYER = layerBytes("x".repeat(100_000));

async function fails(members: readonly TarMember[], message: RegExp): Promise<void> {
  await assert.rejects(readPiped(tarBytes(members)), (error) => {
    assert.ok(isPusherError(error), String(error));
    assert.match(error.message, message);
    return true;
  });
}

Deno.test("readPipedArchive() hands on what may be a layer, and keeps or hashes what may not", async () => {
  const hex = (await digestOf(RANDOM)).slice(7);
  const members = await dockerSaveMembers([{ layers: [LAYER, RANDOM], tags: ["app:1"] }]);
  const { files, archive } = await readPiped(tarBytes([
    { name: `blobs/sha256/${hex}`, body: RANDOM },
    { name: "notes/holiday.jpg", body: RANDOM },
    { name: "x/VERSION", body: "1.0" },
    ...members,
    { name: "x/json", body: `{"big":"${"x".repeat(200_000)}"}` },
  ]));
  assert.deepEqual(files.map(({ name, digest }) => [name, digest]), [
    [`blobs/sha256/${hex}`, `sha256:${hex}`],
    ["0-0/layer.tar", undefined],
    ["0-1/layer.tar", undefined],
  ]);
  const [, layer] = archive.images[0]!.root.blobs;
  assert.equal(layer?.digest, await digestOf(LAYER));
  assert.throws(() => archive.openBlob(layer!), /can be read only once/);
});

Deno.test("readPipedArchive() finds out what a compressed layer holds whose name says nothing", async () => {
  const body = await gzip(seededLayer());
  const store = (): TarMember => ({ name: "0/layer.tgz", body });
  const good = await dockerSaveMembers([{ layers: [seededLayer()], store }]);
  const { archive } = await readPiped(tarBytes(good), 1000);
  assert.equal(archive.images[0]?.root.blobs[1]?.digest, await digestOf(body));
  await fails(await dockerSaveMembers([{ layers: [LAYER], store }]), /is not what the config says/);
  const damaged = body.slice();
  damaged.fill(0xff, 60_000, 61_000);
  const bad = await dockerSaveMembers([{
    layers: [LAYER],
    store: () => ({ name: "0/layer.tgz", body: damaged }),
  }]);
  await fails(bad, /"0\/layer\.tgz" cannot be decompressed/);
});

function seededLayer(): Uint8Array<ArrayBuffer> {
  return tarBytes([{ name: "random", body: RANDOM }]);
}

Deno.test("readPipedArchive() takes equal entries of one name for one, and refuses others when they are needed", async () => {
  const members = await dockerSaveMembers([{ layers: [LAYER, RANDOM] }]);
  await readPiped(tarBytes([...members, members[0]!, members[2]!]));
  await fails(
    [...members, { ...members[0]!, body: RANDOM }],
    /"0-0\/layer\.tar" is there twice, with different content/,
  );
  await readPiped(tarBytes([{ name: "other", body: RANDOM }, ...members, { name: "other", body: LAYER }]));
});

Deno.test("readPipedArchive() keeps documents up to 32 MiB together, and refuses what is more", async () => {
  const body = `{"x":"${"x".repeat(3 * 2 ** 20)}"}`;
  const many = Array.from({ length: 11 }, (_, at) => ({ name: `${at}.json`, body }));
  await fails(many, /its documents together are larger than 32\.0 MiB, and it is read only once/);
  const huge = `[${" ".repeat(17 * 2 ** 20)}]`;
  await fails([{ name: "manifest.json", body: huge }], /"manifest\.json" is larger than/);
});

Deno.test("readPipedArchive() says what is no image archive, and what ended early", async () => {
  await fails(
    [{ name: "etc/passwd", body: "x" }, { name: "bin/sh", body: RANDOM }],
    /it is a root filesystem/,
  );
  await assert.rejects(readPiped(new Uint8Array()), /it ended before anything came/);
  await assert.rejects(readPiped(RANDOM), /it is not a tar archive/);
  const members = await dockerSaveMembers([{ layers: [LAYER] }]);
  await assert.rejects(
    readPiped(tarBytes(members, { endBlocks: 0 })),
    /it ended without the two blocks of zeros/,
  );
});
