import assert from "node:assert/strict";
import {
  isIndexType,
  isManifestType,
  isNonDistributable,
  MANIFEST_ACCEPT,
  MEDIA_TYPE,
} from "../../../lib/spec/media_type.ts";

const OCI = "application/vnd.oci.image";
const DOCKER = "application/vnd.docker";

Deno.test("manifests and indexes are told apart by their full type", () => {
  const cases: [string, "manifest" | "index" | undefined][] = [
    [`${OCI}.manifest.v1+json`, "manifest"],
    [`${DOCKER}.distribution.manifest.v2+json`, "manifest"],
    [`${OCI}.index.v1+json`, "index"],
    [`${DOCKER}.distribution.manifest.list.v2+json`, "index"],
    [`${DOCKER}.distribution.manifest.v1+json`, undefined],
    [`${DOCKER}.distribution.manifest.v1+prettyjws`, undefined],
    [`${OCI}.manifest.v1+json; charset=utf-8`, undefined],
    [`${OCI}.config.v1+json`, undefined],
    [`${OCI}.layer.v1.tar+gzip`, undefined],
    ["application/json", undefined],
    ["", undefined],
  ];
  for (const [mediaType, kind] of cases) {
    assert.equal(isManifestType(mediaType), kind === "manifest", mediaType);
    assert.equal(isIndexType(mediaType), kind === "index", mediaType);
  }
});

Deno.test("isNonDistributable() goes by the type", () => {
  const foreign = [
    `${OCI}.layer.nondistributable.v1.tar`,
    `${OCI}.layer.nondistributable.v1.tar+gzip`,
    `${OCI}.layer.nondistributable.v1.tar+zstd`,
    `${DOCKER}.image.rootfs.foreign.diff.tar.gzip`,
    `${DOCKER}.image.rootfs.foreign.diff.tar`,
  ];
  for (const mediaType of foreign) assert.equal(isNonDistributable(mediaType), true, mediaType);
  const plain = [
    MEDIA_TYPE.ociLayer,
    MEDIA_TYPE.ociLayerGzip,
    MEDIA_TYPE.ociLayerZstd,
    MEDIA_TYPE.dockerLayer,
    MEDIA_TYPE.dockerLayerGzip,
    MEDIA_TYPE.octetStream,
    "application/vnd.example.foreigner",
    "",
  ];
  for (const mediaType of plain) assert.equal(isNonDistributable(mediaType), false, mediaType);
});

Deno.test("MANIFEST_ACCEPT names all four types, or a registry would hide images", () => {
  const accepted = MANIFEST_ACCEPT.split(", ");
  assert.equal(accepted.length, 4);
  for (const mediaType of accepted) assert.ok(isManifestType(mediaType) || isIndexType(mediaType), mediaType);
});
