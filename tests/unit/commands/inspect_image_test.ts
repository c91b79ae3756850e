import assert from "node:assert/strict";
import { inspectImage } from "../../../lib/commands/inspect_image.ts";
import type { ManifestNode } from "../../../lib/spec/image.ts";
import { MEDIA_TYPE } from "../../../lib/spec/media_type.ts";
import { toBytes } from "../../support/archives.ts";
import { sha256Of } from "../../support/registry/repository.ts";

function node(mediaType: string, document: object, annotations?: Record<string, string>): ManifestNode {
  const bytes = toBytes(JSON.stringify({ schemaVersion: 2, mediaType, ...document }));
  return {
    descriptor: { mediaType, digest: sha256Of(bytes), size: bytes.length, annotations },
    bytes,
    blobs: [],
    children: [],
  };
}

Deno.test("inspectImage() tells versions of Windows apart", () => {
  const { descriptor, ...rest } = node(MEDIA_TYPE.ociManifest, {
    config: { mediaType: MEDIA_TYPE.ociConfig, digest: sha256Of(toBytes("{}")), size: 2 },
    layers: [],
  });
  const platform = { os: "windows", architecture: "amd64", "os.version": "10.0.20348.1" };
  const config = { os: "windows", architecture: "amd64", rootfs: { diff_ids: [] } };
  const root = { ...rest, descriptor: { ...descriptor, platform }, config };
  const image = inspectImage({ names: [], root });
  assert.deepEqual([image.platform, image.osVersion], ["windows/amd64", "10.0.20348.1"]);
});

Deno.test("inspectImage() shows annotations of manifests and indexes, and of what lists them", () => {
  const config = { mediaType: MEDIA_TYPE.ociConfig, digest: sha256Of(toBytes("{}")), size: 2 };
  const manifest = node(
    MEDIA_TYPE.ociManifest,
    { config, layers: [], annotations: { title: "own" } },
    { title: "listed", base: "b" },
  );
  const index = node(MEDIA_TYPE.ociIndex, { manifests: [], annotations: { vendor: "v" } });
  const { annotations, manifests } = inspectImage({ names: [], root: { ...index, children: [manifest] } });
  assert.deepEqual(annotations, { vendor: "v" });
  assert.deepEqual(manifests[0]!.annotations, { title: "own", base: "b" });
  const plain = inspectImage({ names: [], root: node(MEDIA_TYPE.ociIndex, { manifests: [] }) });
  assert.equal("annotations" in plain, false);
});
