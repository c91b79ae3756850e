import assert from "node:assert/strict";
import { errorText } from "../../../lib/cli/view/error_view.ts";
import { isPusherError } from "../../../lib/errors.ts";
import { MEDIA_TYPE } from "../../../lib/spec/media_type.ts";
import {
  annotated,
  layerBytes,
  ociBlob,
  ociImage,
  ociIndex,
  ociLayoutMembers,
  tarBytes,
} from "../../support/archives.ts";
import { layerBodies, makePushStage } from "../../support/push_stage.ts";
import {
  answerWith,
  claimBlob,
  redirectTo,
  refuse,
  withHeader,
} from "../../support/registry/answer_faults.ts";
import { dropConnection, meddle } from "../../support/registry/connection_faults.ts";
import type { Behaviour } from "../../support/registry/fault.ts";
import { keepTags, refuseManifestType, wantRepository } from "../../support/registry/manifest_quirks.ts";
import { startTestRegistry } from "../../support/test_registry.ts";

const IN_ORDER = ["PATCH 1", "PATCH 1", "PATCH 1", "PATCH 0.5"];
const credentials = { username: "alice", password: "s3cret" };
const users = { alice: "s3cret" };

const REFUSALS: readonly [string, Behaviour, RegExp, RegExp][] = [
  [
    "by its type with 415",
    refuseManifestType(() => true, { status: 415 }),
    /answered 415 .*; it refused a manifest of type "application\/vnd\.oci\.image\.manifest/,
    /--format docker/,
  ],
  [
    "by its type with 400",
    refuseManifestType(() => true),
    /answered 400 MANIFEST_INVALID.*; it refused a manifest of type "application\/vnd\.oci\./,
    /--format docker/,
  ],
  [
    "for a child that is missing",
    refuse(404, "MANIFEST_UNKNOWN"),
    /answered 404 MANIFEST_UNKNOWN/,
    /exists/,
  ],
  ["for its size", refuse(413, "SIZE_INVALID"), /answered 413/, /limits the size of manifests/],
];

for (const [why, behaviour, message, hint] of REFUSALS) {
  Deno.test(`a manifest that is refused ${why} leaves no tag`, async () => {
    await using stage = await makePushStage();
    await using registry = startTestRegistry({
      faults: [{ on: "put-manifest", times: Infinity, do: behaviour }],
    });
    const { error } = await stage.push(registry);
    assert.ok(isPusherError(error, "REGISTRY_REJECTED"), String(error));
    assert.match(error.message, message);
    assert.match(error.hint ?? "", hint);
    assert.equal(registry.requests.filter(({ kind }) => kind === "put-manifest").length, 1, "asked once");
    assert.equal(registry.repository("app").tags.size, 0);
  });
}

for (const profile of ["spec", "distribution-2.8", "gitlab"] as const) {
  Deno.test(`${profile}: a manifest that refers to another follows it, whatever the archive's order`, async () => {
    await using stage = await makePushStage();
    const image = await ociImage({ os: "linux", architecture: "amd64" }, [layerBytes("a")]);
    const empty = await ociBlob({}, "application/vnd.oci.empty.v1+json");
    const attestation = await ociBlob({
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.ociManifest,
      config: empty.descriptor,
      layers: [],
      subject: image.descriptor,
    }, MEDIA_TYPE.ociManifest);
    const referrer = { ...attestation, members: [...empty.members, ...attestation.members] };
    const index = annotated(await ociIndex([referrer, image]), { "org.opencontainers.image.ref.name": "1" });
    await Deno.writeFile(stage.archivePath, tarBytes(ociLayoutMembers([index])));
    await using registry = startTestRegistry({ profile });
    const { error } = await stage.push(registry);
    assert.equal(error, undefined);
    const put = registry.requests.filter(({ kind }) => kind === "put-manifest").map(({ path }) => path);
    // Only the first of them has the referrers API.
    const lists = profile === "spec" ? [] : [image.descriptor.digest.replace(":", "-")];
    const names = [image.descriptor.digest, attestation.descriptor.digest, ...lists, "1"];
    assert.deepEqual(put, names.map((name) => `/v2/app/manifests/${name}`));
  });
}

Deno.test("a tag that may not be written twice is named", async () => {
  await using stage = await makePushStage();
  await using registry = startTestRegistry({
    faults: [{ on: "put-manifest", times: Infinity, do: keepTags() }],
  });
  const other = registry.repository("app").putManifest(
    { schemaVersion: 2, manifests: [] },
    MEDIA_TYPE.ociIndex,
    "1",
  );
  const { error } = await stage.push(registry);
  assert.ok(isPusherError(error, "REGISTRY_REJECTED"), String(error));
  assert.match(error.message, /immutable/);
  assert.match(error.hint ?? "", /another tag/);
  assert.equal(registry.repository("app").tags.get("1"), other.digest);
});

Deno.test("a tag that may not be written twice is written once although the answer was lost", async () => {
  await using stage = await makePushStage();
  await using registry = startTestRegistry({
    faults: [{ on: "put-manifest", times: Infinity, do: keepTags() }],
  });
  registry.addFault({ on: "put-manifest", do: dropConnection("before-answer") });
  stage.assertPushed(await stage.push(registry), registry);
  stage.assertPushed(await stage.push(registry), registry);
});

for (const onMissing of ["answer", "drop"] as const) {
  Deno.test(`a repository that does not exist (${onMissing}) is an error with a hint`, async () => {
    await using stage = await makePushStage();
    await using registry = startTestRegistry({
      faults: [{ on: ["start-upload", "mount"], times: Infinity, do: wantRepository(onMissing) }],
    });
    const { error } = await stage.push(registry);
    assert.ok(isPusherError(error), String(error));
    assert.match(error.hint ?? "", onMissing === "answer" ? /made first/ : /Check the link/);
    assert.deepEqual(layerBodies(registry), []);
  });
}

Deno.test("a blob that was there and is gone by the manifest is sent after all", async () => {
  for (const hasDigest of [true, false]) {
    await using stage = await makePushStage();
    await using registry = startTestRegistry();
    stage.assertPushed(await stage.push(registry), registry);
    const before = registry.requests.length;
    const { blobs } = registry.repository("app");
    registry.addFault({ on: "put-manifest", do: meddle(() => void blobs.delete(stage.layers[0]!)) });
    if (!hasDigest) registry.addFault({ on: "put-manifest", do: refuse(400, "MANIFEST_BLOB_UNKNOWN") });
    if (!hasDigest) blobs.delete(stage.layers[0]!);
    if (!hasDigest) registry.addFault({ on: "head-blob", do: claimBlob(3.5 * 2 ** 20) });
    stage.assertPushed(await stage.push(registry), registry);
    assert.deepEqual(layerBodies({ requests: registry.requests.slice(before) }), IN_ORDER);
  }
});

Deno.test("a registry that always says a blob is there is told apart by its manifest", async () => {
  await using stage = await makePushStage();
  await using registry = startTestRegistry({
    faults: [{ on: "head-blob", times: Infinity, do: claimBlob(undefined) }],
  });
  stage.assertPushed(await stage.push(registry), registry);
  assert.deepEqual(layerBodies(registry), IN_ORDER);
});

Deno.test("a registry that always says a blob is there, and not which one is missing, needs --force", async () => {
  await using stage = await makePushStage();
  await using registry = startTestRegistry({
    faults: [{ on: "head-blob", times: Infinity, do: claimBlob(undefined) }],
  });
  registry.addFault({ on: "put-manifest", times: 2, do: refuse(400, "MANIFEST_BLOB_UNKNOWN") });
  const { error } = await stage.push(registry);
  assert.ok(isPusherError(error, "REGISTRY_REJECTED"), String(error));
  assert.match(error.hint ?? "", /--force/);
  stage.assertPushed(await stage.push(registry, { force: true }), registry);
  assert.deepEqual(layerBodies(registry), IN_ORDER);
});

Deno.test("a blob of another size is sent again", async () => {
  await using stage = await makePushStage();
  await using registry = startTestRegistry({
    faults: [{ on: "head-blob", times: Infinity, do: claimBlob(5) }],
  });
  stage.assertPushed(await stage.push(registry), registry);
  assert.deepEqual(layerBodies(registry), IN_ORDER);
});

Deno.test("escape sequences in what a registry says do not reach the terminal", async () => {
  await using stage = await makePushStage();
  const message = "no \x1b[31mway\x1b[0m\r\x9b2J\u202e";
  await using registry = startTestRegistry({
    faults: [{ on: "start-upload", times: Infinity, do: refuse(403, "DENIED\x1b[1m", { message }) }],
  });
  const { error } = await stage.push(registry);
  const shown = errorText(error, { platform: "test" });
  assert.match(shown, /no .*way/);
  assert.doesNotMatch(shown.replaceAll("\n", ""), /[\p{Cc}\u202e]/u);
});

Deno.test("a redirected question for a blob takes no credentials along", async () => {
  await using stage = await makePushStage();
  await using storage = startTestRegistry();
  await using registry = startTestRegistry({ auth: { type: "bearer", users } });
  registry.addFault({
    on: "head-blob",
    times: Infinity,
    do: redirectTo(({ request }) => `${storage.origin}${request.path}?signature=1`),
  });
  stage.assertPushed(await stage.push(registry, { credentials }), registry);
  assert.ok(storage.requests.length > 0);
  assert.deepEqual(storage.requests.filter(({ headers }) => headers.has("authorization")), []);
  assert.ok(registry.requests.some(({ headers }) => headers.has("authorization")));
});

Deno.test("redirects without end, and to what must not be asked, are refused", async () => {
  const cases: readonly [string, RegExp][] = [
    ["/v2/app/blobs/sha256:0", /redirects more than 10 times/],
    ["ftp://127.0.0.1/blob", /its scheme is ftp:/],
  ];
  for (const [location, reason] of cases) {
    await using stage = await makePushStage();
    await using registry = startTestRegistry();
    registry.addFault({ on: { method: "HEAD" }, times: Infinity, do: redirectTo(location) });
    const { error } = await stage.push(registry);
    assert.ok(isPusherError(error, "REGISTRY_UNSUPPORTED"), String(error));
    assert.match(error.message, reason);
  }
});

Deno.test("what is asked afterwards is asked again when the answer breaks off, and not unpacked", async () => {
  await using stage = await makePushStage();
  await using registry = startTestRegistry({
    faults: [
      { on: "head-manifest", times: Infinity, do: withHeader("Docker-Content-Digest", undefined) },
      { on: "get-manifest", do: dropConnection({ afterAnswerBytes: 20 }) },
      { on: "get-manifest", nth: 2, times: Infinity, do: withHeader("Content-Encoding", "gzip") },
    ],
  });
  const run = await stage.push(registry, { verify: true });
  stage.assertPushed(run, registry);
  // By its tag, again, and by its digest.
  assert.equal(registry.requests.filter(({ kind }) => kind === "get-manifest").length, 3);
});

const LIES: readonly [string, Behaviour][] = [
  ["another manifest", answerWith({ status: 200, body: "{}" })],
  ["an endless manifest", answerWith({ status: 200, body: new Uint8Array(8 * 2 ** 20) })],
  ["no manifest", answerWith({ status: 404 })],
];

for (const [what, behaviour] of LIES) {
  Deno.test(`a registry that gives ${what} back fails the verification`, async () => {
    await using stage = await makePushStage();
    await using registry = startTestRegistry({
      faults: [
        { on: "head-manifest", times: Infinity, do: withHeader("Docker-Content-Digest", undefined) },
        { on: "get-manifest", times: Infinity, do: behaviour },
      ],
    });
    const { error } = await stage.push(registry, { verify: true });
    assert.ok(isPusherError(error, "DIGEST_MISMATCH"), String(error));
  });
}
