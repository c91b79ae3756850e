import assert from "node:assert/strict";
import { isPusherError } from "../../lib/errors.ts";
import { sha256Digest } from "../../lib/spec/digest.ts";
import { MEDIA_TYPE } from "../../lib/spec/media_type.ts";
import { systemClock } from "../../lib/util/clock.ts";
import { assertCopied, putReferrer, runCopy } from "../support/copy_stage.ts";
import { putImage, putIndex } from "../support/pull_stage.ts";
import { pullImage } from "../support/pulled_image.ts";
import { seededBytes } from "../support/seeded_random.ts";
import { makeTempDir } from "../support/temp_dir.ts";
import { startTestRegistry, type TestRegistry } from "../support/test_registry.ts";

const MIB = 2 ** 20;

function kindsOf({ requests }: TestRegistry): string[] {
  return requests.map(({ kind }) => kind);
}

Deno.test("copy brings an index with all below it, and what is there already takes two questions", async () => {
  await using source = startTestRegistry();
  await using target = startTestRegistry();
  await using state = await makeTempDir();
  const { index } = putIndex(source, "app:1");
  const options = { stateDir: state.path };
  const first = assertCopied(await runCopy(`${source.host}/app:1`, [`${target.host}/mirror/app`], options));
  assert.deepEqual(first.copied, [{
    source: `${source.host}/app:1`,
    reference: `${target.host}/mirror/app:1`,
    digest: index.digest,
    isUnchanged: false,
  }]);
  const copied = await pullImage(target, "mirror/app:1");
  assert.equal(copied.digest, index.digest);
  assert.equal(copied.children.length, 2);
  const [before, beforeAt] = [source.requests.length, target.requests.length];
  const again = await runCopy(`${source.host}/app:1`, [`${target.host}/mirror/app`], options);
  assert.equal(assertCopied(again).copied[0]?.isUnchanged, true);
  const asked = [...source.requests.slice(before), ...target.requests.slice(beforeAt)];
  assert.deepEqual(asked.map(({ kind }) => kind), ["ping", "head-manifest", "ping", "head-manifest"]);
  assert.ok(
    again.events.some((event) =>
      event.type === "notice" && /is there already, as sha256:/.test(event.message)
    ),
  );
});

Deno.test("copy of chosen platforms leaves the others where they are", async () => {
  await using source = startTestRegistry();
  await using target = startTestRegistry();
  await using state = await makeTempDir();
  const { manifests: [, arm64] } = putIndex(source, "app:1");
  const options = { stateDir: state.path, platforms: ["linux/arm64"] };
  const run = await runCopy(`${source.host}/app:1`, [`${target.host}/app:arm`], options);
  assert.equal(assertCopied(run).copied[0]?.digest, arm64.digest);
  assert.equal(target.repository("app").manifests.size, 1);
  assert.ok(
    run.events.some((event) =>
      event.type === "notice" && /is copied for linux\/arm64 only/.test(event.message)
    ),
  );
});

Deno.test("copy within a registry mounts, and within a repository only tags", async () => {
  await using registry = startTestRegistry();
  await using state = await makeTempDir();
  putIndex(registry, "app:1");
  const to = [`${registry.host}/other`, `${registry.host}/app:2`];
  const report = assertCopied(await runCopy(`${registry.host}/app:1`, to, { stateDir: state.path }));
  assert.equal(report.sentBytes, 0);
  assert.ok(report.mountedBytes > 0);
  assert.ok(!kindsOf(registry).includes("start-upload"));
  assert.equal(registry.repository("app").tags.get("2"), registry.repository("other").tags.get("1"));
  const before = registry.requests.length;
  assertCopied(await runCopy(`${registry.host}/app:1`, [`${registry.host}/app:3`], { stateDir: state.path }));
  assert.deepEqual(kindsOf(registry).slice(before).filter((kind) => kind !== "ping"), [
    ...["head-manifest", "head-manifest"],
    ...["get-manifest", "head-manifest", "put-manifest"],
  ]);
  assert.equal(registry.repository("app").tags.get("3"), registry.repository("app").tags.get("1"));
});

Deno.test("copy to several registries reads each blob once, in one answer however it is sent", async () => {
  await using source = startTestRegistry();
  await using a = startTestRegistry();
  await using b = startTestRegistry();
  await using c = startTestRegistry();
  await using state = await makeTempDir();
  const { manifest, layers } = putImage(source, "app:1", {
    layers: [seededBytes(5 * MIB + 1), seededBytes(3 * MIB)],
  });
  const to = [a, b, c].map(({ host }) => `${host}/app`);
  const options = { stateDir: state.path, chunkSizeBytes: MIB };
  // They wait for each other: on a clock that jumps, none would be waited for.
  assertCopied(await runCopy(`${source.host}/app:1`, to, options, { clock: systemClock }));
  for (const { digest } of layers) {
    const reads = source.requests.filter(({ kind, path }) => kind === "get-blob" && path.endsWith(digest));
    assert.equal(reads.length, 1);
  }
  for (const target of [a, b, c]) {
    assert.equal((await pullImage(target, "app:1")).digest, manifest.digest);
    assert.equal(target.requests.filter(({ kind }) => kind === "append").length, 9);
  }
});

Deno.test("copy takes all tags that fit, in order, but not what only belongs to images", async () => {
  await using source = startTestRegistry();
  await using target = startTestRegistry();
  await using state = await makeTempDir();
  for (const tag of ["1.10", "1.2", "2.0", `sha256-${"a".repeat(64)}.sig`]) {
    putImage(source, `app:${tag}`, { layers: [`layer ${tag}`] });
  }
  const options = { stateDir: state.path };
  const some = assertCopied(await runCopy(`${source.host}/app:1.*`, [`${target.host}/app`], options));
  assert.deepEqual(some.copied.map(({ reference }) => reference.split("/app:")[1]), ["1.10", "1.2"]);
  const all = assertCopied(await runCopy(`${source.host}/app:*`, [`${target.host}/app`], options));
  assert.deepEqual(all.copied.map(({ isUnchanged }) => isUnchanged), [true, true, false]);
  assert.deepEqual([...target.repository("app").tags.keys()].sort(), ["1.10", "1.2", "2.0"]);
  const { error } = await runCopy(`${source.host}/app:3*`, [`${target.host}/app`], options);
  assert.ok(isPusherError(error, "IMAGE_NOT_FOUND"), String(error));
  assert.equal(error.hint, "It has 1.10, 1.2, 2.0 and others.");
  const missing = await runCopy(`${source.host}/none:*`, [`${target.host}/app`], options);
  assert.ok(isPusherError(missing.error, "IMAGE_NOT_FOUND"), String(missing.error));
});

Deno.test("copy takes a tag for what it was when it was asked first", async () => {
  await using source = startTestRegistry();
  await using target = startTestRegistry();
  await using state = await makeTempDir();
  const { manifest } = putImage(source, "app:1", { layers: ["old"] });
  source.addFault({
    on: "get-manifest",
    do: (_, next) => {
      putImage(source, "app:1", { layers: ["new"] });
      return next();
    },
  });
  assertCopied(await runCopy(`${source.host}/app:1`, [`${target.host}/app`], { stateDir: state.path }));
  assert.equal(target.repository("app").tags.get("1"), manifest.digest);
});

Deno.test("copy by digest sets no tag unless one is named, and holds destinations to the digest they name", async () => {
  await using source = startTestRegistry();
  await using target = startTestRegistry();
  await using state = await makeTempDir();
  const { manifest } = putImage(source, "app:1");
  const from = `${source.host}/app@${manifest.digest}`;
  const to = [`${target.host}/app`, `${target.host}/tagged:x`];
  const report = assertCopied(await runCopy(from, to, { stateDir: state.path }));
  assert.deepEqual(report.copied.map(({ reference }) => reference), [
    `${target.host}/app@${manifest.digest}`,
    `${target.host}/tagged:x`,
  ]);
  assert.equal(target.repository("app").tags.size, 0);
  const other = `${target.host}/app@sha256:${"0".repeat(64)}`;
  const { error } = await runCopy(`${source.host}/app:1`, [other], { stateDir: state.path });
  assert.ok(isPusherError(error, "USAGE"), String(error));
});

Deno.test("copy with --referrers brings what refers to an image, and cosign's tags, whichever way registries list it", async () => {
  for (const [sourceProfile, targetProfile] of [["spec", "spec"], ["spec", "distribution-2.8"]] as const) {
    await using source = startTestRegistry({ profile: sourceProfile });
    await using target = startTestRegistry({ profile: targetProfile });
    await using back = startTestRegistry();
    await using state = await makeTempDir();
    const { index, manifests: [amd64] } = putIndex(source, "app:1");
    const signature = putReferrer(source, "app", index, "signature");
    const sbom = putReferrer(source, "app", amd64, "sbom");
    const countersigned = putReferrer(source, "app", sbom, "signature of the sbom");
    const sig = `${index.digest.replace(":", "-")}.sig`;
    putImage(source, `app:${sig}`, { layers: ["cosign"] });
    const options = { stateDir: state.path };
    const plain = assertCopied(await runCopy(`${source.host}/app:1`, [`${target.host}/app`], options));
    assert.equal(plain.copied.length, 1);
    assert.equal(target.repository("app").manifests.has(signature.digest), false);
    const withAll = { ...options, referrers: true };
    const report = assertCopied(await runCopy(`${source.host}/app:1`, [`${target.host}/app`], withAll));
    assert.deepEqual(report.copied.map(({ reference }) => reference), [
      `${target.host}/app:${sig}`,
      `${target.host}/app:1`,
    ]);
    // Whoever has no API lists them under tags, and from these they are found again.
    assertCopied(await runCopy(`${target.host}/app:1`, [`${back.host}/app:x`], withAll));
    for (const registry of [target, back]) {
      for (const { digest } of [signature, sbom, countersigned]) {
        assert.ok(registry.repository("app").manifests.has(digest), `${digest} at ${targetProfile}`);
      }
      assert.ok(registry.repository("app").tags.has(sig));
    }
    const again = assertCopied(await runCopy(`${source.host}/app:1`, [`${target.host}/app`], withAll));
    assert.deepEqual(again.copied.map(({ isUnchanged }) => isUnchanged), [true, true]);
  }
});

Deno.test("copy keeps manifests byte for byte, also those no tool of ours would write", async () => {
  await using source = startTestRegistry();
  await using target = startTestRegistry();
  await using state = await makeTempDir();
  const repository = source.repository("app");
  const config = repository.putBlob("{}", MEDIA_TYPE.ociConfig);
  const text =
    `{ "schemaVersion": 2,\n\t"unknown": [1.50, "\\u00e9"], "mediaType": "${MEDIA_TYPE.ociManifest}",\n` +
    `"config": ${JSON.stringify(config)}, "layers": [] }\n`;
  const { digest } = repository.putManifest(new TextEncoder().encode(text), MEDIA_TYPE.ociManifest, "1");
  assertCopied(
    await runCopy(`${source.host}/app:1`, [`${target.host}/app`], { stateDir: state.path, verify: true }),
  );
  assert.equal(new TextDecoder().decode(target.repository("app").manifests.get(digest)?.bytes), text);
});

Deno.test("copy says which layers it leaves where they are, since they may not be distributed", async () => {
  await using source = startTestRegistry();
  await using target = startTestRegistry();
  await using state = await makeTempDir();
  const { layers: [own] } = putImage(source, "app");
  const place = source.repository("app");
  const foreign = {
    ...own!,
    mediaType: MEDIA_TYPE.ociForeignLayerGzip,
    digest: sha256Digest("f".repeat(64)),
  };
  const config = place.putBlob("{}", MEDIA_TYPE.ociConfig);
  const layers = [foreign, own!];
  place.putManifest({ schemaVersion: 2, config, layers }, MEDIA_TYPE.ociManifest, "1");
  const run = await runCopy(`${source.host}/app:1`, [`${target.host}/app`], { stateDir: state.path });
  assertCopied(run);
  assert.ok(run.events.some((event) =>
    event.type === "notice" &&
    /app:1\S* is copied without 1 layer that may not be distributed\.$/.test(event.message)
  ));
});
