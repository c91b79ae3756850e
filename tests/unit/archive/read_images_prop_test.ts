import assert from "node:assert/strict";
import fc from "fast-check";
import type { ArchiveEntries } from "../../../lib/archive/archive_entries.ts";
import { readImages } from "../../../lib/archive/read_images.ts";
import { isPusherError } from "../../../lib/errors.ts";
import { digestOf } from "../../../lib/spec/digest.ts";
import { distinctBlobs, treesOf } from "../../../lib/spec/image.ts";
import { MEDIA_TYPE } from "../../../lib/spec/media_type.ts";
import { layerBytes, type TarMember, toBytes } from "../../support/archives.ts";
import { memoryEntries } from "../../support/memory_entries.ts";

/** Something that is done to a document. */
type Change = (json: unknown) => unknown;

const LAYER = layerBytes("layer");

/** Values that documents are made of, and some that they should not be. */
const value = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom<unknown>(
    ...[null, -1, 2 ** 60, 1e300, "", "../../x", "sha256:../x", `sha256:${"0".repeat(64)}`, [], {}, [null]],
    ...Object.values(MEDIA_TYPE),
  ),
);

/** Replaces, removes or adds something, however deep. */
const change: fc.Arbitrary<Change> = fc.tuple(
  fc.array(fc.nat({ max: 20 }), { maxLength: 4 }),
  fc.option(value, { nil: undefined }),
).map(([path, replacement]) => (json) => changed(json, path, replacement));

function changed(json: unknown, [step, ...rest]: readonly number[], replacement: unknown): unknown {
  if (step === undefined || typeof json !== "object" || json === null) return replacement;
  const keys = Object.keys(json);
  const key = keys[step % Math.max(1, keys.length)] ?? "added";
  const copy: Record<string, unknown> = Array.isArray(json) ? [...json] as never : { ...json };
  const next = changed(copy[key], rest, replacement);
  if (next === undefined) delete copy[key];
  else copy[key] = next;
  return copy;
}

/** Each document as the tools write it, then changed; names and digests are right for what came of it. */
interface Changes {
  config: Change;
  manifest: Change;
  index: Change;
  list: Change;
}

async function blobOf(mediaType: string, json: unknown): Promise<{ descriptor: object; member: TarMember }> {
  const body = toBytes(JSON.stringify(json) ?? "");
  const digest = await digestOf(body);
  return {
    descriptor: { mediaType, digest, size: body.length },
    member: { name: `blobs/${digest.replace(":", "/")}`, body },
  };
}

async function archiveOf(changes: Changes, isOci: boolean): Promise<TarMember[]> {
  const layerDigest = await digestOf(LAYER);
  const layerName = `blobs/${layerDigest.replace(":", "/")}`;
  const diffIds = { os: "linux", architecture: "amd64", rootfs: { type: "layers", diff_ids: [layerDigest] } };
  const config = await blobOf(MEDIA_TYPE.ociConfig, changes.config(diffIds));
  const layer = { mediaType: MEDIA_TYPE.ociLayer, digest: layerDigest, size: LAYER.length };
  const manifest = await blobOf(
    MEDIA_TYPE.ociManifest,
    changes.manifest({ schemaVersion: 2, config: config.descriptor, layers: [layer] }),
  );
  const entry = { ...manifest.descriptor, annotations: { "io.containerd.image.name": "r.example/a:1" } };
  const index = changes.index({ schemaVersion: 2, manifests: [entry] });
  const list = changes.list([{ Config: config.member.name, RepoTags: ["a:1"], Layers: [layerName] }]);
  return [
    { name: layerName, body: LAYER },
    config.member,
    manifest.member,
    ...isOci
      ? [{ name: "oci-layout", body: "{}" }, { name: "index.json", body: JSON.stringify(index) ?? "" }]
      : [{ name: "manifest.json", body: JSON.stringify(list) ?? "" }],
  ];
}

async function assertReadOrRefused(entries: ArchiveEntries): Promise<boolean> {
  try {
    const { images, contents } = await readImages(entries);
    assert(images.length > 0);
    for (const image of images) {
      const absent = new Set(treesOf(image).flatMap((tree) => tree.absent ?? []).map(({ digest }) => digest));
      for (const { digest } of distinctBlobs(...treesOf(image))) {
        assert(contents.blobs.has(digest) || absent.size > 0, `${digest} is neither there nor absent`);
      }
    }
    return true;
  } catch (error) {
    if (!isPusherError(error)) throw error;
    assert.match(error.code, /^ARCHIVE_/);
    return false;
  }
}

Deno.test("readImages() of documents with anything in them reads them or says what is wrong", async () => {
  const unchanged: fc.Arbitrary<Change> = fc.constant((json) => json);
  const mostlyUnchanged = fc.oneof({ weight: 2, arbitrary: unchanged }, change);
  const changes = fc.record({
    config: mostlyUnchanged,
    manifest: mostlyUnchanged,
    index: mostlyUnchanged,
    list: mostlyUnchanged,
  });
  const outcomes = { read: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(changes, fc.boolean(), async (changes, isOci) => {
      const entries = await memoryEntries(await archiveOf(changes, isOci), () => true);
      outcomes[await assertReadOrRefused(entries) ? "read" : "refused"]++;
    }),
    { numRuns: 1000 },
  );
  assert(outcomes.read > 100 && outcomes.refused > 100, JSON.stringify(outcomes));
});
