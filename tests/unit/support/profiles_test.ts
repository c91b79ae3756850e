import assert from "node:assert/strict";
import { MEDIA_TYPE } from "../../../lib/spec/media_type.ts";
import { keepTags } from "../../support/registry/manifest_quirks.ts";
import { type ProfileName, PROFILES } from "../../support/registry/profiles.ts";
import { sha256Of } from "../../support/registry/repository.ts";
import { callRegistry, openUpload } from "../../support/registry_call.ts";
import { startTestRegistry, type TestRegistry } from "../../support/test_registry.ts";

const EMPTY_CONFIG = "application/vnd.oci.empty.v1+json";

/** Puts a small manifest and gives the status. */
async function putManifest(
  registry: TestRegistry,
  { type = MEDIA_TYPE.ociManifest, tag = "1", ...more }: {
    type?: string;
    tag?: string;
    [field: string]: unknown;
  } = {},
): Promise<number> {
  const config = registry.repository("app").putBlob("{}", MEDIA_TYPE.ociConfig);
  const base = type === MEDIA_TYPE.ociIndex || type === MEDIA_TYPE.dockerManifestList
    ? { schemaVersion: 2, manifests: [] }
    : { schemaVersion: 2, config, layers: [] };
  const body = JSON.stringify({ ...base, ...more });
  const headers = { "Content-Type": type };
  return (await callRegistry(registry, `PUT /v2/app/manifests/${tag}`, { body, headers })).status;
}

function descriptor(registry: TestRegistry, mediaType: string) {
  return registry.repository("app").putBlob("{}", mediaType);
}

for (const profile of Object.keys(PROFILES) as ProfileName[]) {
  Deno.test(`PROFILES has a "${profile}" that takes a blob in one body and a manifest`, async () => {
    await using registry = startTestRegistry({ profile });
    registry.repository("app");
    const body = new Uint8Array(100_000).fill(3);
    const location = await openUpload(registry, "app");
    const url = new URL(location);
    url.searchParams.set("digest", sha256Of(body));
    const headers = { "Content-Type": "application/octet-stream" };
    const isPartsOnly = profile === "artifactory-6";
    if (isPartsOnly) await callRegistry(registry, `PATCH ${location}`, { body, headers });
    const init = isPartsOnly ? {} : { body, headers };
    assert.equal((await callRegistry(registry, `PUT ${url.href}`, init)).status, 201);
    assert.equal(registry.repository("app").blobs.get(sha256Of(body))?.sizeBytes, body.length);
    assert.equal(await putManifest(registry), 201);
  });
}

Deno.test("PROFILES of ECR hang up on a repository that does not exist, and never mount", async () => {
  await using registry = startTestRegistry({ profile: "ecr" });
  await assert.rejects(callRegistry(registry, "POST /v2/app/blobs/uploads/"), TypeError);
  const { digest } = registry.repository("base").putBlob("x");
  registry.repository("app");
  const mount = await callRegistry(registry, `POST /v2/app/blobs/uploads/?mount=${digest}&from=base`);
  assert.equal(mount.status, 202);
});

Deno.test("PROFILES of Docker Hub and Harbor refuse to mount from what they do not know", async () => {
  for (
    const [profile, status] of [["docker-hub", 401], ["harbor", 400], ["distribution-2.8", 202]] as const
  ) {
    await using registry = startTestRegistry({ profile });
    const path = `POST /v2/app/blobs/uploads/?mount=${sha256Of(new Uint8Array())}&from=hidden`;
    assert.equal((await callRegistry(registry, path)).status, status);
  }
});

Deno.test("PROFILES of Quay refuse mixed manifests, mounts without a source, and cancelling", async () => {
  await using registry = startTestRegistry({ profile: "quay" });
  const layers = [descriptor(registry, MEDIA_TYPE.dockerLayerGzip)];
  assert.equal(await putManifest(registry, { layers }), 400);
  assert.equal(await putManifest(registry), 201);
  assert.equal((await callRegistry(registry, "POST /v2/app/blobs/uploads/?mount=x")).status, 400);
  assert.equal((await callRegistry(registry, `DELETE ${await openUpload(registry, "app")}`)).status, 401);
});

Deno.test("PROFILES of GitLab want a subject to be there", async () => {
  await using registry = startTestRegistry({ profile: "gitlab" });
  const subject = { ...descriptor(registry, MEDIA_TYPE.ociManifest), size: 2 };
  assert.equal(await putManifest(registry, { subject }), 400);
  const there = registry.repository("app").putManifest({ schemaVersion: 2 }, MEDIA_TYPE.ociManifest);
  assert.equal(await putManifest(registry, { subject: there }), 201);
});

Deno.test("PROFILES of zot, Aliyun, SWR and Yandex refuse the manifests those refuse", async () => {
  const status = async (profile: ProfileName, type: string, configType?: string) => {
    await using registry = startTestRegistry({ profile });
    const config = configType === undefined ? {} : { config: descriptor(registry, configType) };
    return await putManifest(registry, { type, ...config });
  };
  assert.equal(await status("zot", MEDIA_TYPE.dockerManifest), 415);
  assert.equal(await status("zot", MEDIA_TYPE.ociIndex), 201);
  assert.equal(await status("aliyun", MEDIA_TYPE.ociManifest, EMPTY_CONFIG), 400);
  assert.equal(await status("swr", MEDIA_TYPE.ociIndex), 400);
  assert.equal(await status("swr", MEDIA_TYPE.dockerManifestList), 201);
  assert.equal(await status("yandex", MEDIA_TYPE.dockerManifestList), 400);
});

Deno.test("PROFILES of registries with one-way statuses answer as those do", async () => {
  const append = async (profile: ProfileName) => {
    await using registry = startTestRegistry({ profile });
    registry.repository("app");
    const location = await openUpload(registry, "app");
    const headers = { "Content-Type": "application/octet-stream" };
    const { status } = await callRegistry(registry, `PATCH ${location}`, { body: "x", headers });
    return [status, (await callRegistry(registry, `GET ${location}`)).status];
  };
  assert.deepEqual(await append("ecr"), [201, 204]);
  assert.deepEqual(await append("ecr-public"), [201, 404]);
  assert.deepEqual(await append("pulp"), [204, 404]);
});

Deno.test("keepTags() lets no tag be written twice", async () => {
  await using registry = startTestRegistry({
    faults: [{ on: "put-manifest", times: Infinity, do: keepTags() }],
  });
  assert.equal(await putManifest(registry), 201);
  assert.equal(await putManifest(registry), 400);
  assert.equal(await putManifest(registry, { tag: "2" }), 201);
});
