import assert from "node:assert/strict";
import { isPusherError } from "../../lib/errors.ts";
import { MEDIA_TYPE } from "../../lib/spec/media_type.ts";
import type { CompressionMethod } from "../../lib/util/compressor_pool.ts";
import { dockerSaveMembers, layerBytes, tarBytes } from "../support/archives.ts";
import { makeCompressedStage } from "../support/compressed_stage.ts";
import { patternBytes } from "../support/compressing.ts";
import { pullImage } from "../support/pulled_image.ts";
import { refuse } from "../support/registry/answer_faults.ts";
import { dropConnection, meddle } from "../support/registry/connection_faults.ts";
import { type ProfileName, PROFILES } from "../support/registry/profiles.ts";
import { sha256Of } from "../support/registry/repository.ts";
import { startTestRegistry, type TestRegistry } from "../support/test_registry.ts";

const MIB = 2 ** 20;
const GZIP: CompressionMethod = { format: "gzip", level: 1 };
const ZSTD: CompressionMethod = { format: "zstd", level: 1 };
const LAYERS = [layer(2 * MIB + 77, 1), layer(3 * MIB, 2), layerBytes("small")];
const DIFF_IDS = LAYERS.map(sha256Of);

/** A tar file with one file that can be compressed to something. */
function layer(sizeBytes: number, seed: number): Uint8Array<ArrayBuffer> {
  return tarBytes([{ name: "file", body: patternBytes(sizeBytes, seed) }]);
}

function layerTypes(registry: TestRegistry): (string | undefined)[] {
  return registry.repository("app").readManifest("1").layers.map(({ mediaType }) => mediaType);
}

for (const [method, type] of [[GZIP, MEDIA_TYPE.ociLayerGzip], [ZSTD, MEDIA_TYPE.ociLayerZstd]] as const) {
  Deno.test(`push() with ${method.format} sends layers compressed, the second time nothing`, async () => {
    await using stage = await makeCompressedStage(LAYERS);
    await using registry = startTestRegistry({ profile: "distribution-2.8" });
    const first = await stage.push([registry], method);
    assert.equal(first.error, undefined);
    assert.deepEqual(layerTypes(registry), [type, type, type]);
    const pulled = await pullImage(registry, "app:1");
    assert.deepEqual(pulled.layers, DIFF_IDS);
    assert.deepEqual(pulled.diffIds, DIFF_IDS);
    assert.equal(pulled.digest, first.report?.pushed[0]?.digest);
    const { plainBytes = 0, compressedBytes = 0 } = first.report?.compression ?? {};
    assert.equal(plainBytes, LAYERS.reduce((sum, { length }) => sum + length, 0));
    assert.ok(compressedBytes > 0 && compressedBytes < plainBytes / 2, `${compressedBytes}`);

    const requests = registry.requests.length;
    const second = await stage.push([registry], method);
    assert.deepEqual(second.compressed, []);
    assert.deepEqual(second.report?.compression, { plainBytes: 0, compressedBytes: 0 });
    assert.equal(second.report?.sentBytes, 0);
    assert.deepEqual(second.report?.pushed, first.report?.pushed);
    const uploads = registry.requests.slice(requests).filter(({ kind }) => kind === "start-upload");
    assert.deepEqual(uploads, []);
  });
}

Deno.test("push() of layers that were compressed before sends the same ones to another registry", async () => {
  await using stage = await makeCompressedStage(LAYERS);
  await using registry = startTestRegistry();
  await using other = startTestRegistry();
  const first = await stage.push([registry], ZSTD);
  const second = await stage.push([other], ZSTD);
  assert.equal(second.report?.pushed[0]?.digest, first.report?.pushed[0]?.digest);
  assert.deepEqual((await pullImage(other, "app:1")).layers, DIFF_IDS);
});

Deno.test("push() to several registries compresses once", async () => {
  await using stage = await makeCompressedStage(LAYERS);
  await using one = startTestRegistry();
  await using two = startTestRegistry({ profile: "harbor" });
  const { report, compressed } = await stage.push([one, two], GZIP);
  assert.deepEqual([...compressed].sort(), [...DIFF_IDS].sort());
  assert.equal(report?.pushed[0]?.digest, report?.pushed[1]?.digest);
  for (const registry of [one, two]) {
    assert.deepEqual((await pullImage(registry, "app:1")).layers, DIFF_IDS);
  }
});

Deno.test("push() to several repositories of a registry sends compressed layers once, and mounts them", async () => {
  await using stage = await makeCompressedStage(LAYERS);
  await using registry = startTestRegistry();
  const targets = ["app", "copy", "team/app"].map((repository) => `${registry.host}/${repository}:1`);
  const { report } = await stage.push([], GZIP, { targets });
  const starts = registry.requests.filter(({ kind, path }) => kind === "start-upload" && !/mount/.test(path));
  assert.equal(starts.length, LAYERS.length + 1);
  assert.equal(report?.pushed.length, 3);
  assert.deepEqual((await pullImage(registry, "team/app:1")).layers, DIFF_IDS);
});

Deno.test("push() never tags an image with a damaged layer, and does not remember what that became", async () => {
  const members = await dockerSaveMembers([{
    tags: ["app:1"],
    layers: LAYERS,
    store: (body, at) => {
      const stored = body.slice();
      if (at === 1) stored[stored.length >> 1]! ^= 1;
      return { name: `${at}/layer.tar`, body: stored };
    },
  }]);
  await using stage = await makeCompressedStage({ members });
  await using registry = startTestRegistry();
  for (let run = 0; run < 2; run++) {
    const { error, compressed } = await stage.push([registry], GZIP);
    assert.ok(isPusherError(error, "DIGEST_MISMATCH"), String(error));
    assert.equal(error.detail.expected, DIFF_IDS[1]);
    assert.ok(!compressed.includes(DIFF_IDS[1]!));
  }
  assert.deepEqual(registry.requests.filter(({ kind }) => kind === "put-manifest"), []);
});

Deno.test("push() leaves layers alone that are compressed already", async () => {
  const members = await dockerSaveMembers([{
    tags: ["app:1"],
    layers: LAYERS,
    store: async (body, at) => {
      const stream = new Blob([body]).stream().pipeThrough(new CompressionStream("gzip"));
      const stored = at === 0 ? new Uint8Array(await new Response(stream).arrayBuffer()) : body;
      return { name: `${at}/layer.tar`, body: stored };
    },
  }]);
  await using stage = await makeCompressedStage({ members });
  await using registry = startTestRegistry();
  const { compressed } = await stage.push([registry], ZSTD);
  assert.deepEqual([...compressed].sort(), DIFF_IDS.slice(1).sort());
  assert.deepEqual(layerTypes(registry), [
    MEDIA_TYPE.ociLayerGzip,
    MEDIA_TYPE.ociLayerZstd,
    MEDIA_TYPE.ociLayerZstd,
  ]);
  assert.deepEqual((await pullImage(registry, "app:1")).layers, DIFF_IDS);
});

Deno.test("push() compresses a layer again when the registry has lost its upload", async () => {
  await using stage = await makeCompressedStage(LAYERS.slice(0, 1));
  await using registry = startTestRegistry();
  registry.addFault({
    on: "append",
    nth: 3,
    do: meddle(({ store, route }) => void store.find(route.repository)?.uploads.clear()),
  });
  const { error } = await stage.push([registry], GZIP, { chunkSizeBytes: MIB / 8 });
  assert.equal(error, undefined);
  assert.deepEqual((await pullImage(registry, "app:1")).layers, DIFF_IDS.slice(0, 1));
});

Deno.test("push() that is cut off again and again goes on where it was", async () => {
  await using stage = await makeCompressedStage(LAYERS.slice(0, 1));
  await using registry = startTestRegistry();
  registry.addFault({ on: "append", nth: 2, times: 3, do: dropConnection({ afterBodyBytes: 20_000 }) });
  const { error, compressed } = await stage.push([registry], GZIP, { chunkSizeBytes: MIB / 8 });
  assert.equal(error, undefined);
  assert.equal(compressed.length, 1);
  assert.deepEqual((await pullImage(registry, "app:1")).layers, DIFF_IDS.slice(0, 1));
});

Deno.test("push() that is refused compresses no further, and reports why", async () => {
  await using stage = await makeCompressedStage([1, 2, 3, 4, 5].map((seed) => layer(1000, seed)));
  await using registry = startTestRegistry({
    faults: [{ on: "start-upload", times: Infinity, do: refuse(403, "DENIED") }],
  });
  const { error, compressed } = await stage.push([registry], GZIP);
  assert.ok(isPusherError(error, "AUTH_DENIED"), String(error));
  assert.ok(compressed.length < 5, `${compressed.length}`);
});

Deno.test("push() to a registry that refuses does not keep the others from getting it", async () => {
  await using stage = await makeCompressedStage(LAYERS);
  await using open = startTestRegistry();
  await using closed = startTestRegistry({
    faults: [{ on: "start-upload", times: Infinity, do: refuse(403, "DENIED") }],
  });
  const { report } = await stage.push([closed, open], GZIP);
  assert.deepEqual(report?.pushed.map(({ reference }) => reference), [`${open.host}/app:1`]);
  assert.deepEqual(report?.failures.map(({ reference }) => reference), [`${closed.host}/app:1`]);
  assert.deepEqual((await pullImage(open, "app:1")).layers, DIFF_IDS);
});

Deno.test("push() that is stopped ends at once, and the next one compresses only what is left", async () => {
  await using stage = await makeCompressedStage([layer(100, 1), layer(MIB, 2), layer(MIB, 3), layer(MIB, 4)]);
  await using registry = startTestRegistry();
  const stop = new AbortController();
  const pushing = stage.push([registry], GZIP, { signal: stop.signal });
  await registry.waitForRequest("start-upload", 3);
  stop.abort(new DOMException("stopped", "AbortError"));
  const { error, compressed } = await pushing;
  assert.equal((error as Error)?.name, "AbortError");
  const second = await stage.push([registry], GZIP);
  assert.equal(second.error, undefined);
  assert.equal(compressed.length + second.compressed.length, 4);
  assert.ok(compressed.length > 0);
});

for (const profile of Object.keys(PROFILES) as ProfileName[]) {
  Deno.test(`push() gets compressed layers into a registry like ${profile}`, async () => {
    await using stage = await makeCompressedStage(LAYERS);
    await using registry = startTestRegistry({ profile });
    registry.repository("app");
    const { error } = await stage.push([registry], GZIP, { chunkSizeBytes: MIB });
    if (error) throw error;
    assert.deepEqual((await pullImage(registry, "app:1")).layers, DIFF_IDS);
  });
}
