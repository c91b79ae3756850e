import assert from "node:assert/strict";
import { zstdCompressSync } from "node:zlib";
import { digestOf } from "../../lib/spec/digest.ts";
import { MEDIA_TYPE } from "../../lib/spec/media_type.ts";
import {
  annotated,
  gzip,
  layerBytes,
  ociBlob,
  ociLayoutMembers,
  ociManifest,
  type OciPart,
  type TarMember,
  toBytes,
} from "../support/archives.ts";
import { type PulledImage, pullImage } from "../support/pulled_image.ts";
import { pushArchive } from "../support/push_archive.ts";
import { writeDirectory } from "../support/archive_directories.ts";
import { testWith } from "../support/real_parts.ts";
import { startRealRegistry } from "../support/real_registry.ts";
import { makeTempDir } from "../support/temp_dir.ts";
import { startTestRegistry, type TestRegistry } from "../support/test_registry.ts";

const REF_NAME = "org.opencontainers.image.ref.name";
const NOTHING = new Uint8Array();
/** The end of a tar file without files. */
const ZEROS = new Uint8Array(1024);

async function configOf(layers: readonly Uint8Array[]): Promise<OciPart> {
  const diff_ids = await Promise.all(layers.map(digestOf));
  const config = { os: "linux", architecture: "amd64", rootfs: { type: "layers", diff_ids } };
  return await ociBlob(config, MEDIA_TYPE.ociConfig);
}

/** Every kind of layer that image tools write, those without content included. */
async function layersOfEveryKind(): Promise<OciPart> {
  const text = layerBytes("text");
  const layers = [NOTHING, ZEROS, text, ZEROS, text];
  const blobs = await Promise.all([
    ociBlob(NOTHING, MEDIA_TYPE.ociLayer),
    ociBlob(ZEROS, MEDIA_TYPE.ociLayer),
    ociBlob(new Uint8Array(zstdCompressSync(text)), MEDIA_TYPE.ociLayerZstd),
    ociBlob(await gzip(ZEROS), MEDIA_TYPE.ociLayerGzip),
    ociBlob(await gzip(text), MEDIA_TYPE.ociLayerGzip),
  ]);
  return await ociManifest(await configOf(layers), blobs);
}

function layoutOf(image: OciPart): TarMember[] {
  return ociLayoutMembers([annotated(image, { [REF_NAME]: "r.example/app:1" })]);
}

async function pushAndPull(
  registry: Pick<TestRegistry, "host" | "origin">,
  archive: string | readonly TarMember[],
): Promise<PulledImage> {
  const { pushed, failures } = await pushArchive(archive, { registry: registry.host });
  assert.deepEqual(failures, []);
  assert.deepEqual(pushed.map(({ reference }) => reference), [`${registry.host}/app:1`]);
  return await pullImage(registry, "app:1");
}

Deno.test("push carries layers of every kind, empty ones included", async () => {
  await using temp = await makeTempDir();
  await using registry = startTestRegistry();
  const image = await layersOfEveryKind();
  const packed = await pushAndPull(registry, layoutOf(image));
  assert.equal(packed.digest, image.descriptor.digest);
  assert.deepEqual(packed.layers, packed.diffIds);
  await using another = startTestRegistry();
  const unpacked = await pushAndPull(another, await writeDirectory(temp.join("layout"), layoutOf(image)));
  assert.deepEqual(unpacked, packed);
});

testWith(["registry"], "push carries layers of every kind to docker-registry", async () => {
  await using registry = await startRealRegistry();
  const image = await layersOfEveryKind();
  const pulled = await pushAndPull(registry, layoutOf(image));
  assert.equal(pulled.digest, image.descriptor.digest);
  assert.deepEqual(pulled.layers, pulled.diffIds);
});

Deno.test("push carries artifacts, whatever their config is and whatever they are made of", async () => {
  const text = await ociBlob(toBytes("some text"), "text/plain");
  const empty = await ociBlob({}, "application/vnd.oci.empty.v1+json");
  const chart = await ociBlob({ name: "app" }, "application/vnd.cncf.helm.config.v1+json");
  const looksLikeImage = await ociBlob({ rootfs: 7 }, MEDIA_TYPE.ociConfig);
  for (
    const artifact of [
      await ociManifest(empty, [empty]),
      await ociManifest(chart, [text]),
      await ociManifest(looksLikeImage, [text]),
    ]
  ) {
    await using registry = startTestRegistry();
    await pushArchive(layoutOf(artifact), { registry: registry.host });
    const repository = registry.repository("app");
    const { config, layers } = repository.readManifest("1");
    assert.equal(repository.tags.get("1"), artifact.descriptor.digest);
    for (const { digest, size } of [config, ...layers]) {
      assert.equal(repository.blobs.get(digest)?.sizeBytes, size);
    }
  }
});

Deno.test("push leaves non-distributable layers where they are, and goes by their type, not by their urls", async () => {
  const urls = ["https://layers.example/base"];
  const withUrls = (part: OciPart): OciPart => ({ ...part, descriptor: { ...part.descriptor, urls } });
  const foreign = withUrls(await ociBlob(layerBytes("theirs"), MEDIA_TYPE.ociForeignLayerGzip));
  const ordinary = withUrls(await ociBlob(layerBytes("ours"), MEDIA_TYPE.ociLayer));
  const config = await configOf([layerBytes("theirs"), layerBytes("ours")]);
  const image = await ociManifest(config, [foreign, ordinary]);
  const absent = new Set(foreign.members.map(({ name }) => name));
  for (const members of [layoutOf(image), layoutOf(image).filter(({ name }) => !absent.has(name))]) {
    await using registry = startTestRegistry();
    await pushArchive(members, { registry: registry.host });
    const repository = registry.repository("app");
    assert.equal(repository.tags.get("1"), image.descriptor.digest);
    assert.equal(repository.blobs.has(foreign.descriptor.digest), false);
    assert.equal(repository.blobs.has(ordinary.descriptor.digest), true);
  }
});
