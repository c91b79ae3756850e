import assert from "node:assert/strict";
import { isPusherError } from "../../lib/errors.ts";
import { MEDIA_TYPE } from "../../lib/spec/media_type.ts";
import type { CompressionMethod } from "../../lib/util/compressor_pool.ts";
import {
  dockerSaveMembers,
  gzip,
  layerBytes,
  ociBlob,
  ociImage,
  ociLayoutMembers,
  ociManifest,
  tarBytes,
  type TarMember,
} from "../support/archives.ts";
import { makeCompressedStage } from "../support/compressed_stage.ts";
import { patternBytes } from "../support/compressing.ts";
import { pullImage } from "../support/pulled_image.ts";
import { sha256Of } from "../support/registry/repository.ts";
import { startTestRegistry, type TestRegistry } from "../support/test_registry.ts";

const MIB = 2 ** 20;
const ZSTD: CompressionMethod = { format: "zstd", level: 1 };
const GZIP: CompressionMethod = { format: "gzip", level: 1 };
const LAYERS = [layer(MIB + 77, 1), layer(2 * MIB, 2), layerBytes("small")];
const DIFF_IDS = LAYERS.map(sha256Of);

function layer(sizeBytes: number, seed: number): Uint8Array<ArrayBuffer> {
  return tarBytes([{ name: "file", body: patternBytes(sizeBytes, seed) }]);
}

/** As docker 25 and later names layers. */
function named(body: Uint8Array<ArrayBuffer>): TarMember {
  return { name: `blobs/sha256/${sha256Of(body).slice("sha256:".length)}`, body };
}

async function savedMembers(
  store?: (layer: Uint8Array<ArrayBuffer>, at: number) => Promise<TarMember> | TarMember,
): Promise<TarMember[]> {
  return await dockerSaveMembers([{ tags: ["app:1"], layers: LAYERS, ...(store ? { store } : {}) }]);
}

function uploads({ requests }: TestRegistry): number {
  return requests.filter(({ kind }) => kind === "start-upload").length;
}

Deno.test("push() compresses what can be read only once, and nothing of it the second time", async () => {
  await using stage = await makeCompressedStage({ members: await savedMembers(named) }, { isReadOnce: true });
  await using registry = startTestRegistry();
  const first = await stage.push([registry], ZSTD);
  assert.equal(first.error, undefined);
  assert.deepEqual((await pullImage(registry, "app:1")).layers, DIFF_IDS);
  assert.equal(first.report?.compression?.plainBytes, LAYERS.reduce((sum, { length }) => sum + length, 0));
  const before = uploads(registry);
  const second = await stage.push([registry], ZSTD);
  assert.deepEqual(second.compressed, []);
  assert.deepEqual(second.report?.compression, { plainBytes: 0, compressedBytes: 0 });
  assert.equal(uploads(registry), before);
  assert.deepEqual(second.report?.pushed, first.report?.pushed);
});

Deno.test("push() of what can be read only once gives the digests that a file gives", async () => {
  const members = await savedMembers();
  await using once = await makeCompressedStage({ members }, { isReadOnce: true });
  await using file = await makeCompressedStage({ members });
  await using registry = startTestRegistry();
  await using other = startTestRegistry({ profile: "distribution-2.8" });
  const fromPipe = await once.push([registry, other], GZIP);
  const fromFile = await file.push([registry], GZIP);
  assert.equal(fromPipe.error, undefined);
  assert.equal(fromPipe.report?.pushed[0]?.digest, fromFile.report?.pushed[0]?.digest);
  assert.equal(fromPipe.compressed.length, LAYERS.length);
  assert.deepEqual((await pullImage(other, "app:1")).layers, DIFF_IDS);
});

Deno.test("push() of what can be read only once leaves compressed layers and artifacts alone", async () => {
  const config = await ociBlob({ made: "up" }, "application/vnd.example.config");
  const data = await ociBlob(patternBytes(MIB, 9), "application/vnd.example.data");
  const artifact = await ociManifest(config, [data]);
  const image = await ociImage({ os: "linux", architecture: "amd64" }, [LAYERS[1]!]);
  const name = (tag: string) => ({ "io.containerd.image.name": `docker.io/team/${tag}:1` });
  const members = ociLayoutMembers([
    { ...artifact, descriptor: { ...artifact.descriptor, annotations: name("artifact") } },
    { ...image, descriptor: { ...image.descriptor, annotations: name("image") } },
  ]);
  await using stage = await makeCompressedStage({ members }, { isReadOnce: true });
  await using registry = startTestRegistry();
  const { error, report, compressed } = await stage.push([], ZSTD, {
    targets: [],
    registry: registry.host,
    yes: true,
  });
  assert.equal(error, undefined);
  assert.deepEqual(compressed, []);
  assert.deepEqual(
    report?.pushed.map(({ digest }) => digest).sort(),
    [
      artifact.descriptor.digest,
      image.descriptor.digest,
    ].sort(),
  );
});

Deno.test("push() of what can be read only once never tags an image with a damaged layer", async () => {
  for (
    const store of [
      (body: Uint8Array<ArrayBuffer>, at: number) => ({ ...named(body), body: damaged(body, at) }),
      (body: Uint8Array<ArrayBuffer>, at: number) => ({ name: `${at}/layer.tar`, body: damaged(body, at) }),
    ]
  ) {
    await using stage = await makeCompressedStage({ members: await savedMembers(store) }, {
      isReadOnce: true,
    });
    await using registry = startTestRegistry();
    const { error } = await stage.push([registry], GZIP);
    assert.ok(isPusherError(error), String(error));
    assert.ok(["DIGEST_MISMATCH", "ARCHIVE_CORRUPT"].includes(error.code), error.code);
    assert.deepEqual(registry.requests.filter(({ kind }) => kind === "put-manifest"), []);
  }
});

Deno.test("push() compresses the plain layers among compressed ones as they pass", async () => {
  const members = await savedMembers(async (body, at) => (
    { name: `${at}/layer.tar`, body: at === 1 ? await gzip(body) : body }
  ));
  await using stage = await makeCompressedStage({ members }, { isReadOnce: true });
  await using registry = startTestRegistry();
  const { error } = await stage.push([registry], ZSTD);
  assert.equal(error, undefined);
  assert.deepEqual(
    registry.repository("app").readManifest("1").layers.map(({ mediaType }) => mediaType),
    [MEDIA_TYPE.ociLayerZstd, MEDIA_TYPE.ociLayerGzip, MEDIA_TYPE.ociLayerZstd],
  );
  assert.deepEqual((await pullImage(registry, "app:1")).layers, DIFF_IDS);
});

function damaged(body: Uint8Array<ArrayBuffer>, at: number): Uint8Array<ArrayBuffer> {
  const copy = body.slice();
  if (at === 1) copy[copy.length >> 1]! ^= 1;
  return copy;
}
