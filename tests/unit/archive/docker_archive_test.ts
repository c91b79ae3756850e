import assert from "node:assert/strict";
import { zstdCompressSync } from "node:zlib";
import { type ErrorCode, isPusherError } from "../../../lib/errors.ts";
import { digestOf, sha256Digest } from "../../../lib/spec/digest.ts";
import { MEDIA_TYPE } from "../../../lib/spec/media_type.ts";
import { formatReference } from "../../../lib/spec/reference.ts";
import {
  dockerSaveMembers,
  gzip,
  layerBytes,
  openMembers,
  readBlob,
  tarBytes,
  type TarMember,
} from "../../support/archives.ts";

const ONE = layerBytes("one");
const TWO = layerBytes("two");

async function rejectsWith(members: TarMember[], code: ErrorCode, reason: RegExp): Promise<void> {
  await assert.rejects(async () => {
    await using _ = await openMembers(members);
  }, (error) => {
    assert(isPusherError(error, code), String(error));
    assert.match(error.message, reason);
    assert(error.hint, "says what to do");
    return true;
  });
}

async function hexOf(bytes: Uint8Array): Promise<string> {
  return (await digestOf(bytes)).slice("sha256:".length);
}

Deno.test("readDockerArchive() makes a manifest of the config and the diff IDs, reading no layer", async () => {
  const large = layerBytes("x".repeat(2 ** 20));
  await using archive = await openMembers(
    await dockerSaveMembers([{ tags: ["t/app:1"], layers: [ONE, large] }]),
  );
  const [image] = archive.images;
  assert.equal(archive.format, "docker-archive");
  assert.deepEqual(image?.names.map(formatReference), ["docker.io/t/app:1"]);
  const [config, ...layers] = image!.root.blobs;
  assert.deepEqual(layers, [
    { mediaType: MEDIA_TYPE.ociLayer, digest: await digestOf(ONE), size: ONE.length },
    { mediaType: MEDIA_TYPE.ociLayer, digest: await digestOf(large), size: large.length },
  ]);
  assert.equal(config?.mediaType, MEDIA_TYPE.ociConfig);
  assert.equal(await digestOf(await readBlob(archive, config!)), config?.digest);
  assert.equal(image?.root.config?.architecture, "amd64");
  assert.equal(await digestOf(image!.root.bytes), image?.root.descriptor.digest);
  assert.deepEqual(JSON.parse(new TextDecoder().decode(image!.root.bytes)), {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociManifest,
    config,
    layers,
  });
  assert(archive.readBytes < 20_000, `${archive.readBytes} bytes read`);
});

Deno.test("readDockerArchive() gives equal content equal digests, wherever it lies in the file", async () => {
  const members = await dockerSaveMembers([{ tags: ["a:1"], layers: [ONE, TWO] }]);
  await using archive = await openMembers(members);
  await using reversed = await openMembers(members.toReversed());
  assert.equal(archive.images[0]?.root.descriptor.digest, reversed.images[0]?.root.descriptor.digest);
});

Deno.test("readDockerArchive() reads several images, and names of equal ones together", async () => {
  await using archive = await openMembers(
    await dockerSaveMembers([
      { tags: ["a:1", "b:1"], layers: [ONE] },
      { tags: null, layers: [TWO] },
      { tags: [], layers: [] },
      { tags: ["c:1"], layers: [ONE] },
    ]),
  );
  assert.deepEqual(archive.images.map(({ names }) => names.map(formatReference)), [
    ["docker.io/library/a:1", "docker.io/library/b:1", "docker.io/library/c:1"],
    [],
    [],
  ]);
});

Deno.test("readDockerArchive() takes a layer that is listed twice, or is a link to another", async () => {
  const members = await dockerSaveMembers([{
    layers: [ONE, TWO, ONE],
    store: (body, at) =>
      at === 2
        ? { name: "2/layer.tar", type: "2", linkTarget: "../0/layer.tar" }
        : { name: `${at}/layer.tar`, body },
  }]);
  await using archive = await openMembers(members);
  const digest = await digestOf(ONE);
  assert.deepEqual(archive.images[0]?.root.blobs.slice(1).map((layer) => layer.digest), [
    digest,
    await digestOf(TWO),
    digest,
  ]);
});

Deno.test("readDockerArchive() takes empty layers of every kind", async () => {
  const none = new Uint8Array(0);
  const zeros = new Uint8Array(1024);
  await using archive = await openMembers(await dockerSaveMembers([{ layers: [none, zeros] }]));
  for (const [at, bytes] of [none, zeros].entries()) {
    assert.deepEqual(await readBlob(archive, archive.images[0]!.root.blobs[at + 1]!), bytes);
  }
});

Deno.test("readDockerArchive() believes the digest in the name of a compressed layer, and reads nothing", async () => {
  const layer = await gzip(layerBytes(crypto.getRandomValues(new Uint8Array(50_000)).toHex()));
  const hex = await hexOf(layer);
  for (const name of [`${hex}.tar.gz`, `blobs/sha256/${hex}`, `blobs/sha256/${hex}.tar.gz`, `${hex}.tar`]) {
    await using archive = await openMembers(
      await dockerSaveMembers([{ layers: [ONE], store: () => ({ name, body: layer }) }]),
    );
    assert.deepEqual(archive.images[0]?.root.blobs[1], {
      mediaType: MEDIA_TYPE.ociLayerGzip,
      digest: sha256Digest(hex),
      size: layer.length,
    }, name);
    assert(archive.readBytes < 30_000, `${archive.readBytes} bytes read`);
  }
});

Deno.test("readDockerArchive() goes by what a layer is, not by what it is called", async () => {
  const plainName: TarMember = { name: `${await hexOf(ONE)}.tar.gz`, body: ONE };
  await using archive = await openMembers(
    await dockerSaveMembers([{ layers: [ONE], store: () => plainName }]),
  );
  assert.equal(archive.images[0]?.root.blobs[1]?.mediaType, MEDIA_TYPE.ociLayer);
  // Its first bytes are the name of a file in it.
  const lookalike = tarBytes([{ name: "BZh9", body: "x" }]);
  await using other = await openMembers(await dockerSaveMembers([{ layers: [lookalike] }]));
  assert.equal(other.images[0]?.root.blobs[1]?.mediaType, MEDIA_TYPE.ociLayer);
});

Deno.test("readDockerArchive() reads a compressed layer whose name says nothing once, for all images", async () => {
  const plain = layerBytes(crypto.getRandomValues(new Uint8Array(60_000)).toHex());
  for (
    const [layer, mediaType] of [
      [await gzip(plain), MEDIA_TYPE.ociLayerGzip],
      [new Uint8Array(zstdCompressSync(plain)), MEDIA_TYPE.ociLayerZstd],
    ] as const
  ) {
    const store = (): TarMember => ({ name: "shared/layer.tar", body: layer });
    const members = await dockerSaveMembers([{ layers: [plain], store }, { layers: [plain, plain], store }]);
    // Entries of one name would be compared, which reads them too.
    await using archive = await openMembers(
      members.filter(({ name }, at) => at === 0 || name !== "shared/layer.tar"),
    );
    const expected = { mediaType, digest: await digestOf(layer), size: layer.length };
    assert.deepEqual(archive.images.map(({ root }) => root.blobs.slice(1)), [[expected], [
      expected,
      expected,
    ]]);
    assert(archive.readBytes < layer.length + 30_000, `${archive.readBytes} bytes read`);
  }
});

Deno.test("readDockerArchive() refuses a compressed layer that is not its diff ID, or cannot be decompressed", async () => {
  const other = await gzip(TWO);
  const broken = other.slice(0, other.length - 20);
  const name = "layer.tar";
  await rejectsWith(
    await dockerSaveMembers([{ layers: [ONE], store: () => ({ name, body: other }) }]),
    "ARCHIVE_CORRUPT",
    /the layer "layer\.tar" is not what the config says/,
  );
  await rejectsWith(
    await dockerSaveMembers([{ layers: [ONE], store: () => ({ name, body: broken }) }]),
    "ARCHIVE_CORRUPT",
    /the layer "layer\.tar" cannot be decompressed/,
  );
});

Deno.test("readDockerArchive() refuses compression that registries have no type for", async () => {
  const body = Uint8Array.fromHex("fd377a585a0000");
  await rejectsWith(
    await dockerSaveMembers([{ layers: [ONE], store: () => ({ name: "layer.tar", body }) }]),
    "ARCHIVE_UNSUPPORTED",
    /"layer\.tar" is compressed with xz, which registries have no type for/,
  );
});

Deno.test("readDockerArchive() refuses another number of layers than the config has", async () => {
  await rejectsWith(
    await dockerSaveMembers([{ layers: [ONE, TWO], item: { Layers: ["0-0/layer.tar"] } }]),
    "ARCHIVE_CORRUPT",
    /the config "[0-9a-f]{64}\.json" is for 2 layers, but 1 are listed/,
  );
});

Deno.test("readDockerArchive() refuses missing configs and layers, however they are called", async () => {
  for (const path of ["nowhere", "../../etc/passwd", "/etc/passwd", "", "a\0b\u{1b}[2J"]) {
    await rejectsWith(
      await dockerSaveMembers([{ layers: [ONE], item: { Layers: [path] } }]),
      "ARCHIVE_CORRUPT",
      /the layer ".*" is missing$/,
    );
    await rejectsWith(
      await dockerSaveMembers([{ layers: [ONE], item: { Config: path } }]),
      "ARCHIVE_CORRUPT",
      /the config ".*" is missing$/,
    );
  }
  await rejectsWith(
    await dockerSaveMembers([{ layers: [ONE], item: { Layers: ["\u{1b}[2J"] } }]),
    "ARCHIVE_CORRUPT",
    /the layer "\\u\{1b\}\[2J" is missing$/,
  );
});

Deno.test("readDockerArchive() refuses configs that are none", async () => {
  for (
    const body of [
      "{",
      "[]",
      "{}",
      '{"rootfs":{"diff_ids":["sha256:../../x"]}}',
      '{"rootfs":{"diff_ids":[7]}}',
    ]
  ) {
    const members = await dockerSaveMembers([{ layers: [], item: { Config: "config.json" } }]);
    await rejectsWith(
      [{ name: "config.json", body }, ...members],
      "ARCHIVE_CORRUPT",
      /"config\.json" is damaged: /,
    );
  }
});

Deno.test("readDockerArchive() refuses a config of more than 4 MiB without reading it", async () => {
  const members = await dockerSaveMembers([{ layers: [], item: { Config: "config.json" } }]);
  await rejectsWith(
    [{ name: "config.json", body: new Uint8Array(2 ** 22 + 1) }, ...members],
    "ARCHIVE_UNSUPPORTED",
    /"config\.json" is larger than 4\.00 MiB/,
  );
});

Deno.test("readDockerArchive() takes foreign layers from LayerSources, present or not, in OCI's words", async () => {
  const diffId = await digestOf(ONE);
  const foreign = {
    mediaType: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    digest: sha256Digest("f".repeat(64)),
    size: 1234,
    urls: ["https://layers.example/base?a=1&b=2"],
  };
  const item = { Layers: ["absent/layer.tar"], LayerSources: { [diffId]: foreign } };
  await using archive = await openMembers(await dockerSaveMembers([{ layers: [ONE], item }]));
  assert.deepEqual(archive.images[0]?.root.blobs[1], {
    ...foreign,
    mediaType: MEDIA_TYPE.ociForeignLayerGzip,
  });
  assert.throws(
    () => archive.openBlob(archive.images[0]!.root.blobs[1]!),
    (error) =>
      isPusherError(error, "ARCHIVE_CORRUPT") && /does not hold the blob sha256:ffff/.test(error.message),
  );
});

Deno.test("readDockerArchive() does not take layers for foreign without an address", async () => {
  const diffId = await digestOf(ONE);
  const mediaType = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
  const source = { mediaType, digest: diffId, size: 1, urls: [] };
  const item = { Layers: ["absent"], LayerSources: { [diffId]: source } };
  await rejectsWith(
    await dockerSaveMembers([{ layers: [ONE], item }]),
    "ARCHIVE_CORRUPT",
    /the layer "absent" is missing/,
  );
});
