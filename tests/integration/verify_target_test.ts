import assert from "node:assert/strict";
import { type TargetsReport, verifyReference } from "../../lib/commands/verify/verify_targets.ts";
import { isPusherError } from "../../lib/errors.ts";
import type { Digest } from "../../lib/spec/digest.ts";
import { MEDIA_TYPE } from "../../lib/spec/media_type.ts";
import { parseReference } from "../../lib/spec/reference.ts";
import { fixturePath } from "../support/fixture_archives.ts";
import { pushArchive } from "../support/push_archive.ts";
import type { Repository } from "../support/registry/repository.ts";
import { makeTempDir } from "../support/temp_dir.ts";
import { makeTestContext } from "../support/test_context.ts";
import { startTestRegistry } from "../support/test_registry.ts";
import { compareWith } from "../support/verify_stage.ts";

const ARCHIVE = fixturePath("c8d-mp");

/** What an image of two platforms consists of, as its registry has it. */
function partsOf(repository: Repository): { manifest: Digest; layer: Digest } {
  const { manifests: [amd64] } = repository.readManifest<{ manifests: { digest: Digest }[] }>("1");
  const { layers: [layer] } = repository.readManifest(amd64!.digest);
  return { manifest: amd64!.digest, layer: layer!.digest };
}

/** What becomes of the image, and what is found: shallow, and deep. */
const DAMAGES: Record<string, [(repository: Repository) => void, string[], string[]]> = {
  "nothing": [() => {}, [], []],
  "no tag": [({ tags }) => tags.delete("1"), ["tag missing"], ["tag missing"]],
  "a tag that was moved": [
    (repository) => {
      repository.putManifest({ schemaVersion: 2, manifests: [] }, MEDIA_TYPE.ociIndex, "1");
    },
    ["tag other digest"],
    ["tag other digest"],
  ],
  "no manifest of a platform": [
    (repository) => repository.manifests.delete(partsOf(repository).manifest),
    ["manifest linux/amd64 missing"],
    ["manifest linux/amd64 missing"],
  ],
  "a manifest with other bytes": [
    (repository) => {
      const { manifests } = repository;
      const { manifest } = partsOf(repository);
      manifests.set(manifest, { ...manifests.get(manifest)!, bytes: new TextEncoder().encode("{}") });
    },
    [],
    ["manifest linux/amd64 other digest"],
  ],
  "no layer": [
    (repository) => repository.blobs.delete(partsOf(repository).layer),
    ["layer 1 linux/amd64 missing"],
    ["layer 1 linux/amd64 missing"],
  ],
  "a layer of another size": [
    (repository) => {
      repository.blobs.set(partsOf(repository).layer, { sizeBytes: 3, parts: [new Uint8Array(3)] });
    },
    ["layer 1 linux/amd64 other size"],
    ["layer 1 linux/amd64 other size"],
  ],
  "a layer with another content": [
    (repository) => {
      const { blobs } = repository;
      const { layer } = partsOf(repository);
      const { sizeBytes } = blobs.get(layer)!;
      blobs.set(layer, { sizeBytes, parts: [new Uint8Array(sizeBytes)] });
    },
    [],
    ["layer 1 linux/amd64 other content"],
  ],
};

Deno.test("verify finds what a registry lacks or has otherwise, and what only reading it shows", async () => {
  for (const [what, [damage, shallow, deep]] of Object.entries(DAMAGES)) {
    await using registry = startTestRegistry();
    const target = `${registry.host}/mp:1`;
    await pushArchive(ARCHIVE, { targets: [target] });
    damage(registry.repository("mp"));
    const before = registry.requests.length;
    for (const [isDeep, expected] of [[false, shallow], [true, deep]] as const) {
      const report = await compareWith({ archives: [ARCHIVE], targets: [target], deep: isDeep });
      const [image] = report.targets;
      assert.deepEqual(foundIn(report), expected, what);
      assert.equal(report.isEqual, expected.length === 0);
      assert.equal(image!.readBytes > 0, isDeep);
      assert.deepEqual([image!.manifests, image!.blobs], [5, 10]);
    }
    const asked = registry.requests.slice(before);
    assert.ok(asked.every(({ method }) => method === "HEAD" || method === "GET"));
  }
});

Deno.test("verify compares where push would put the images: names, platforms, several targets, earlier pushes", async () => {
  await using registry = startTestRegistry();
  await using other = startTestRegistry();
  await using dir = await makeTempDir();
  const stateDir = dir.path;
  const multi = fixturePath("docker2010-multi");
  const platforms = ["linux/arm64"];
  await pushArchive(multi, { registry: registry.host, stateDir, yes: true });
  await pushArchive(ARCHIVE, { targets: [`${other.host}/arm:1`], platforms, stateDir });

  const names = await compareWith({ archives: [multi], registry: registry.host, stateDir, deep: true });
  assert.equal(names.isEqual, true);
  assert.equal(names.targets.length, 4);
  // Images share layers, which are read once.
  const gets = registry.requests.filter(({ method, path }) => method === "GET" && path.includes("/blobs/"));
  assert.equal(new Set(gets.map(({ path }) => path)).size, gets.length);

  assert.equal((await compareWith({ archives: [multi], stateDir })).isEqual, true);
  const targets = [`${other.host}/arm:1`];
  assert.equal((await compareWith({ archives: [ARCHIVE], targets, platforms, stateDir })).isEqual, true);
  const whole = await compareWith({ archives: [ARCHIVE], targets, stateDir });
  assert.deepEqual(whole.targets[0]!.differences.map(({ kind }) => kind).slice(0, 2), ["tag", "manifest"]);
});

Deno.test("verify goes on with other targets when one cannot be reached, and writes nothing", async () => {
  await using registry = startTestRegistry({
    auth: { type: "basic", users: { u: "p" } },
  });
  await using open = startTestRegistry();
  await pushArchive(ARCHIVE, { targets: [`${open.host}/mp:1`] });
  const targets = [`${registry.host}/mp:1`, `${open.host}/mp:1`];
  const report = await compareWith({ archives: [ARCHIVE], targets });
  assert.deepEqual(report.targets.map(({ reference }) => reference), [targets[1]]);
  assert.deepEqual(report.failures.map(({ reference }) => reference), [targets[0]]);
  assert.ok(isPusherError(report.failures[0]!.error, "AUTH_REQUIRED"));
  assert.equal(report.isEqual, false);
});

Deno.test("verify of an image with itself finds what its registry lacks of it, and looks at the rest", async () => {
  const lacks: Record<string, (repository: Repository) => void> = {
    "manifest linux/amd64 missing": (repository) => repository.manifests.delete(partsOf(repository).manifest),
    "layer 1 linux/amd64 missing": (repository) => repository.blobs.delete(partsOf(repository).layer),
    "config linux/amd64 missing": (repository) => {
      const { config } = repository.readManifest<{ config: { digest: Digest } }>(
        partsOf(repository).manifest,
      );
      repository.blobs.delete(config.digest);
    },
  };
  for (const [expected, remove] of Object.entries(lacks)) {
    await using registry = startTestRegistry();
    await using dir = await makeTempDir();
    await pushArchive(ARCHIVE, { targets: [`${registry.host}/mp:1`] });
    remove(registry.repository("mp"));
    const reference = parseReference(`${registry.host}/mp:1`);
    const report = await verifyReference(reference, { stateDir: dir.path }, makeTestContext());
    assert.deepEqual(foundIn(report), [expected]);
    assert.equal(report.targets[0]!.manifests, 5);
  }
});

function foundIn({ targets: [image] }: TargetsReport): string[] {
  return image!.differences.map(({ kind, layer, platform, problem }) =>
    [kind, layer, platform, problem].filter((part) => part !== undefined).join(" ")
  );
}
