import assert from "node:assert/strict";
import { openArchive } from "../../../lib/archive/open_archive.ts";
import { type ErrorCode, isPusherError } from "../../../lib/errors.ts";
import { digestOf } from "../../../lib/spec/digest.ts";
import { distinctBlobs, manifestsBottomUp } from "../../../lib/spec/image.ts";
import { MEDIA_TYPE } from "../../../lib/spec/media_type.ts";
import { dirTransportMembers, writeDirectory } from "../../support/archive_directories.ts";
import {
  layerBytes,
  ociImage,
  ociIndex,
  openMembers,
  readBlob,
  type TarMember,
} from "../../support/archives.ts";
import { makeTempDir } from "../../support/temp_dir.ts";

const AMD64 = await ociImage({ os: "linux", architecture: "amd64" }, [layerBytes("one"), layerBytes("two")]);
const ARM64 = await ociImage({ os: "linux", architecture: "arm64" }, [layerBytes("one"), layerBytes("arm")]);
const INDEX = await ociIndex([AMD64, ARM64]);
const LIST = dirTransportMembers(INDEX, [AMD64.descriptor.digest, ARM64.descriptor.digest]);

async function rejectsWith(members: readonly TarMember[], code: ErrorCode, reason: RegExp): Promise<void> {
  await assert.rejects(async () => {
    await using _ = await openMembers(members);
  }, (error) => {
    assert(isPusherError(error, code), String(error));
    assert.match(error.message, reason);
    return true;
  });
}

Deno.test("readDirTransport() reads one image, from a directory as from a tar file of it", async () => {
  const members = dirTransportMembers(AMD64);
  assert.equal(members.filter(({ name }) => /^[0-9a-f]{64}$/.test(name)).length, 3);
  await using temp = await makeTempDir();
  using unpacked = await openArchive(await writeDirectory(temp.join("d"), members));
  await using packed = await openMembers(members);
  for (const archive of [unpacked, packed]) {
    assert.equal(archive.format, "docker-dir");
    const [image] = archive.images;
    assert.deepEqual(image?.names, []);
    assert.equal(image.root.descriptor.digest, AMD64.descriptor.digest);
    assert.equal(image.root.config?.architecture, "amd64");
    for (const blob of distinctBlobs(image.root)) {
      assert.equal(await digestOf(await readBlob(archive, blob)), blob.digest);
    }
  }
});

Deno.test("readDirTransport() reads a list with all it names, its digest unchanged", async () => {
  await using archive = await openMembers(LIST);
  const [image] = archive.images;
  assert.equal(image?.root.descriptor.digest, INDEX.descriptor.digest);
  const digests = [...manifestsBottomUp(image.root)].map(({ descriptor }) => descriptor.digest);
  assert.deepEqual(digests, [AMD64, ARM64, INDEX].map(({ descriptor }) => descriptor.digest));
});

Deno.test("readDirTransport() goes by the fields of a manifest that does not say what it is", async () => {
  const { mediaType: _, ...manifest } = JSON.parse(
    LIST.filter(({ name }) => name === "manifest.json").map(({ body }) =>
      new TextDecoder().decode(body as Uint8Array)
    )[0]!,
  );
  const members = LIST.map((member) =>
    member.name === "manifest.json" ? { ...member, body: JSON.stringify(manifest) } : member
  );
  await using archive = await openMembers(members);
  assert.equal(archive.images[0]?.root.descriptor.mediaType, MEDIA_TYPE.ociIndex);
  assert.equal(archive.images[0]?.root.children.length, 2);
});

Deno.test("readDirTransport() says what is absent, and names a damaged file as it is called there", async () => {
  const [configName] = dirTransportMembers(AMD64).map(({ name }) => name).slice(-3);
  const members = dirTransportMembers(AMD64);
  await using partial = await openMembers(members.filter(({ name }) => name !== configName));
  assert.deepEqual(partial.images[0]?.root.absent?.map(({ digest }) => digest), [`sha256:${configName}`]);
  await rejectsWith(
    members.map((member) => member.name === configName ? { ...member, body: "{}" } : member),
    "ARCHIVE_CORRUPT",
    new RegExp(`"${configName}" has 2 bytes instead of`),
  );
});

Deno.test("readDirTransport() refuses manifests of types that cannot be pushed", async () => {
  for (
    const [body, type] of [
      ['{"schemaVersion":1,"fsLayers":[]}', MEDIA_TYPE.dockerManifestV1],
      ['{"schemaVersion":2,"mediaType":"text/\\u0007plain"}', "text/\\\\u\\{7\\}plain"],
    ] as const
  ) {
    const reason = new RegExp(`its manifest\\.json is of type "${type.replaceAll("+", "\\+")}"`);
    await rejectsWith([{ name: "manifest.json", body }, { name: "version" }], "ARCHIVE_UNSUPPORTED", reason);
  }
});
