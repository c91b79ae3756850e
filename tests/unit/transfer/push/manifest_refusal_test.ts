import assert from "node:assert/strict";
import { isPusherError, PusherError } from "../../../../lib/errors.ts";
import type { ManifestNode } from "../../../../lib/spec/image.ts";
import { MEDIA_TYPE } from "../../../../lib/spec/media_type.ts";
import { explainRefusal } from "../../../../lib/transfer/push/manifest_refusal.ts";
import { attestationTree, imageTree, indexTree } from "../../../support/manifest_trees.ts";
import { broken, refusal } from "../memory_target.ts";

const EMPTY_CONFIG = "application/vnd.oci.empty.v1+json";
const oci = await imageTree("linux/amd64");
const docker = await imageTree("linux/amd64", "", {
  mediaType: MEDIA_TYPE.dockerManifest,
  configType: MEDIA_TYPE.dockerConfig,
  layerTypes: [MEDIA_TYPE.dockerLayerGzip],
});
const mixed = await imageTree("linux/amd64", "", { layerTypes: [MEDIA_TYPE.dockerLayerGzip] });
const attestation = await attestationTree(oci);
const attested = await indexTree([oci, attestation]);
const plain = await indexTree([oci, await imageTree("linux/arm64")]);
const list = await indexTree([docker], { mediaType: MEDIA_TYPE.dockerManifestList });
const artifact = await imageTree("linux/amd64", "sbom", { configType: EMPTY_CONFIG });

const CASES: readonly (readonly [
  what: string,
  manifest: ManifestNode,
  root: ManifestNode,
  text: RegExp,
  hint: RegExp,
])[] = [
  [
    "an OCI manifest",
    oci,
    oci,
    /refused a manifest of type "application\/vnd\.oci/,
    /type: use other types with --format docker\./,
  ],
  [
    "a docker manifest",
    docker,
    docker,
    /refused a manifest of type "application\/vnd\.docker/,
    /type: use other types with --format oci\./,
  ],
  ["a mixture", mixed, mixed, /refused a manifest of type/, /type: use other types with --format oci\./],
  [
    "an attestation",
    attestation,
    attested,
    /refused an attestation: a manifest of type "application\/vnd\.oci\.image\.manifest/,
    /type: leave attestations out with --no-attestations\. The image gets another digest then\.$/,
  ],
  [
    "an index with attestations",
    attested,
    attested,
    /refused an index of type "application\/vnd\.oci\.image\.index/,
    /type: leave attestations out with --no-attestations, or use other types with --format docker, or push one platform with --platform linux\/amd64\./,
  ],
  [
    "an index",
    plain,
    plain,
    /refused an index/,
    /type: use other types with --format docker, or push one platform with/,
  ],
  [
    "a docker list",
    list,
    list,
    /refused an index of type "application\/vnd\.docker/,
    /type: use other types with --format oci, or/,
  ],
  [
    "an artifact",
    artifact,
    artifact,
    /refused an artifact: a manifest of type .* with a config of type "application\/vnd\.oci\.empty/,
    /^This registry seems to take images only: choose images with --image\.$/,
  ],
];

for (const [what, manifest, root, text, hint] of CASES) {
  Deno.test(`explainRefusal() says what to do when a registry refuses ${what}`, () => {
    const error = explainRefusal(refusal(400, "MANIFEST_INVALID", false), manifest, root);
    assert(isPusherError(error, "REGISTRY_REJECTED"));
    assert.match(error.message, /^Cannot upload: the registry answered 400 MANIFEST_INVALID; it refused /);
    assert.match(error.message, text);
    assert.match(error.hint!, hint);
    assert.equal(error.detail.mediaType, manifest.descriptor.mediaType);
    assert.equal(error.detail.status, 400);
  });
}

Deno.test("explainRefusal() takes a status without a code as a refusal", () => {
  for (
    const [status, isRefusal] of [[415, true], [400, true], [405, true], [404, false], [413, false]] as const
  ) {
    const detail = {
      registry: "r.example",
      request: "PUT /v2/app",
      status,
      errorCodes: [],
      unknownDigests: [],
    };
    const bare = new PusherError("REGISTRY_REJECTED", "Cannot push", { detail });
    assert.equal(explainRefusal(bare, oci, oci) !== bare, isRefusal, `${status}`);
  }
});

Deno.test("explainRefusal() takes a registry that allows no such request for read-only, too", () => {
  for (
    const [manifest, hint] of [
      [oci, /^The registry may be read-only, or not take this type: use other types with --format docker\./],
      [artifact, /^This registry seems to be read-only, or to take images only/],
    ] as const
  ) {
    const error = explainRefusal(refusal(405, "UNSUPPORTED", false), manifest, manifest);
    assert(isPusherError(error, "REGISTRY_REJECTED"));
    assert.match(error.hint!, hint);
  }
});

Deno.test("explainRefusal() leaves alone what is about something else", () => {
  for (
    const error of [
      broken(),
      new TypeError("x"),
      refusal(400, "MANIFEST_BLOB_UNKNOWN", false),
      refusal(400, "TAG_INVALID", false),
    ]
  ) {
    assert.equal(explainRefusal(error, oci, oci), error);
  }
});
