import assert from "node:assert/strict";
import { type ErrorCode, isPusherError } from "../../../lib/errors.ts";
import { digestOf } from "../../../lib/spec/digest.ts";
import { MEDIA_TYPE } from "../../../lib/spec/media_type.ts";
import { formatReference } from "../../../lib/spec/reference.ts";
import {
  annotated,
  layerBytes,
  ociBlob,
  ociImage,
  ociIndex,
  ociLayoutMembers,
  ociManifest,
  type OciPart,
  openMembers,
  readBlob,
  type TarMember,
  toBytes,
} from "../../support/archives.ts";

const AMD64 = { os: "linux", architecture: "amd64" };
const ARM64 = { os: "linux", architecture: "arm64" };
const NAME = "io.containerd.image.name";
const REF = "org.opencontainers.image.ref.name";

const amd64 = await ociImage(AMD64, [layerBytes("base"), layerBytes("amd64")]);
const arm64 = await ociImage(ARM64, [layerBytes("base"), layerBytes("arm64")]);
const both = await ociIndex([amd64, arm64]);

/** An attestation as buildkit makes them. */
async function attestationOf(image: OciPart): Promise<OciPart> {
  const config = await ociBlob({}, "application/vnd.oci.empty.v1+json");
  const statement = await ociBlob({ of: image.descriptor.digest }, "application/vnd.in-toto+json");
  const manifest = await ociManifest(config, [statement]);
  return annotated({
    ...manifest,
    descriptor: { ...manifest.descriptor, platform: { os: "unknown", architecture: "unknown" } },
  }, {
    "vnd.docker.reference.type": "attestation-manifest",
    "vnd.docker.reference.digest": image.descriptor.digest,
  });
}

/** Leaves entries out, as exporters do that hold only some platforms. */
function without(members: TarMember[], ...parts: OciPart[]): TarMember[] {
  const shared = new Set(amd64.members.filter((a) => arm64.members.some((b) => a.name === b.name)));
  const left = new Set(parts.flatMap((part) => part.members.map(({ name }) => name)));
  return members.filter(({ name }) => !left.has(name) || [...shared].some((member) => member.name === name));
}

/** What docker writes beside the layout: the platform it prefers. */
function manifestJson(image: OciPart, tags: string[] | null): TarMember {
  const manifest = JSON.parse(new TextDecoder().decode(toBytes(image.members.at(-1)!.body!)));
  const path = (digest: string): string => `blobs/${digest.replace(":", "/")}`;
  const Layers = manifest.layers.map(({ digest }: { digest: string }) => path(digest));
  return {
    name: "manifest.json",
    body: JSON.stringify([{ Config: path(manifest.config.digest), RepoTags: tags, Layers }]),
  };
}

async function rejectsWith(members: TarMember[], code: ErrorCode, reason: RegExp): Promise<void> {
  await assert.rejects(async () => {
    await using _ = await openMembers(members);
  }, (error) => {
    assert(isPusherError(error, code), String(error));
    assert.match(error.message, reason);
    assert(error.hint, "says what to do");
    return true;
  });
}

async function namesIn(members: TarMember[]): Promise<{ names: string[][]; notices: readonly string[] }> {
  await using archive = await openMembers(members);
  return {
    names: archive.images.map(({ names }) => names.map(formatReference)),
    notices: archive.notices,
  };
}

Deno.test("readOciLayout() carries an index with all below it, byte for byte", async () => {
  await using archive = await openMembers(
    ociLayoutMembers([annotated(both, { [NAME]: "docker.io/t/app:1" })]),
  );
  const [image] = archive.images;
  assert.equal(archive.format, "oci-archive");
  assert.deepEqual(image?.names.map(formatReference), ["docker.io/t/app:1"]);
  assert.equal(await digestOf(image!.root.bytes), both.descriptor.digest);
  assert.deepEqual(image?.root.children.map(({ descriptor }) => descriptor), [
    amd64.descriptor,
    arm64.descriptor,
  ]);
  for (const { bytes, descriptor, config, blobs } of image!.root.children) {
    assert.equal(await digestOf(bytes), descriptor.digest);
    assert.equal(config?.architecture, descriptor.platform?.architecture);
    for (const blob of blobs) assert.equal(await digestOf(await readBlob(archive, blob)), blob.digest);
  }
  assert.deepEqual(archive.notices, []);
});

Deno.test("readOciLayout() takes a full name from either annotation, containerd's first", async () => {
  const { names } = await namesIn(ociLayoutMembers([
    annotated(amd64, { [NAME]: "docker.io/t/app:1", [REF]: "1" }),
    annotated(arm64, { [REF]: "localhost/t/app:2" }),
  ]));
  assert.deepEqual(names, [["docker.io/t/app:1"], ["localhost/t/app:2"]]);
});

Deno.test("readOciLayout() makes one image with several names of equal digests", async () => {
  const { names } = await namesIn(ociLayoutMembers([
    annotated(amd64, { [NAME]: "a.example/app:1" }),
    annotated(arm64, { [NAME]: "a.example/app:arm" }),
    annotated(amd64, { [NAME]: "b.example/app:1" }),
  ]));
  assert.deepEqual(names, [["a.example/app:1", "b.example/app:1"], ["a.example/app:arm"]]);
});

Deno.test("readOciLayout() learns the names of tags only from manifest.json", async () => {
  const layout = ociLayoutMembers([annotated(both, { [REF]: "v1" })]);
  const { names, notices } = await namesIn([...layout, manifestJson(amd64, ["r.example/app:v1"])]);
  assert.deepEqual(names, [["r.example/app:v1"]]);
  assert.deepEqual(notices, []);
});

Deno.test("readOciLayout() says that a tag has no repository", async () => {
  const { names, notices } = await namesIn(
    ociLayoutMembers([annotated(amd64, { [REF]: "v1" }), annotated(amd64, { [REF]: "\u{1b}v2" })]),
  );
  assert.deepEqual(names, [[]]);
  assert.deepEqual(notices, [
    'The archive names an image only by tag ("v1", "\\u{1b}v2"), without a repository.',
  ]);
});

Deno.test("readOciLayout() leaves out what belongs to images but is none", async () => {
  const attestation = annotated(await attestationOf(amd64), {
    "io.containerd.manifest.subject": amd64.descriptor.digest,
  });
  const unknown = await ociBlob({}, "application/x-something\u{7}");
  const { names, notices } = await namesIn(
    ociLayoutMembers([annotated(amd64, { [NAME]: "a:1" }), attestation, unknown]),
  );
  assert.deepEqual(names, [["docker.io/library/a:1"]]);
  assert.equal(notices.length, 1);
  assert.match(notices[0]!, /its type "application\/x-something\\u\{7\}" is not an image's/);
});

Deno.test("readOciLayout() gives an image what refers to it, marked by containerd or not", async () => {
  const config = await ociBlob({}, "application/vnd.oci.empty.v1+json");
  const refer = async (text: string): Promise<OciPart> =>
    await ociManifest(config, [await ociBlob(toBytes(text), "application/x-text")], amd64.descriptor);
  const [sbom, marked, elsewhere] = [await refer("sbom"), await refer("marked"), await refer("elsewhere")];
  const SUBJECT = "io.containerd.manifest.subject";
  await using archive = await openMembers(ociLayoutMembers([
    sbom,
    annotated(both, { [NAME]: "a:1" }),
    annotated(marked, { [SUBJECT]: amd64.descriptor.digest }),
    { ...annotated(elsewhere, { [SUBJECT]: amd64.descriptor.digest }), members: [] },
  ]));
  assert.equal(archive.images.length, 1);
  assert.deepEqual(
    archive.images[0]?.referrers?.map(({ descriptor }) => descriptor.digest),
    [sbom.descriptor.digest, marked.descriptor.digest],
  );
});

Deno.test("readOciLayout() takes no referrer for an image, unless there is nothing else", async () => {
  const config = await ociBlob({}, "application/vnd.oci.empty.v1+json");
  const text = await ociBlob(toBytes("signature"), "application/x-text");
  const signature = await ociManifest(config, [text], arm64.descriptor);
  await using archive = await openMembers(ociLayoutMembers([signature, annotated(amd64, { [NAME]: "a:1" })]));
  assert.deepEqual(archive.images.map(({ root }) => root.descriptor.digest), [amd64.descriptor.digest]);
  assert.match(archive.notices.join(), /lacks what they refer to: 1 signatures, attestations or the like\.$/);
  await using alone = await openMembers(ociLayoutMembers([signature]));
  assert.equal(alone.images[0]?.root.descriptor.digest, signature.descriptor.digest);
  const name = annotated(signature, { [NAME]: "a:sig" });
  await using named = await openMembers(ociLayoutMembers([name, annotated(amd64, { [NAME]: "a:1" })]));
  assert.equal(named.images.length, 2);
});

Deno.test("readOciLayout() leaves out platforms listed beside their index, unless they have names", async () => {
  const { names } = await namesIn(ociLayoutMembers([
    amd64,
    annotated(both, { [REF]: "r.example/app:1" }),
    annotated(arm64, { [REF]: "r.example/app:arm" }),
  ]));
  assert.deepEqual(names, [["r.example/app:1"], ["r.example/app:arm"]]);
});

Deno.test("readOciLayout() needs no media type in index.json, and takes images without names", async () => {
  await using archive = await openMembers(ociLayoutMembers([amd64]));
  assert.deepEqual(archive.images.map(({ names }) => names), [[]]);
});

Deno.test("readOciLayout() reads indexes within indexes, and artifacts among platforms", async () => {
  const nested = await ociIndex([await ociIndex([amd64]), await attestationOf(amd64)]);
  await using archive = await openMembers(ociLayoutMembers([nested]));
  const { root } = archive.images[0]!;
  assert.equal(root.children.length, 2);
  assert.equal(root.children[0]?.children[0]?.descriptor.digest, amd64.descriptor.digest);
  assert.equal(root.children[1]?.config, undefined);
});

Deno.test("readOciLayout() carries artifacts whose configs only look like an image's", async () => {
  const config = await ociBlob({ not: "an image" }, MEDIA_TYPE.ociConfig);
  const artifact = await ociManifest(config, [
    await ociBlob(toBytes("signature"), "application/x-signature"),
  ]);
  await using archive = await openMembers(ociLayoutMembers([artifact]));
  const { root } = archive.images[0]!;
  assert.equal(root.config, undefined);
  assert.equal(new TextDecoder().decode(await readBlob(archive, root.blobs[1]!)), "signature");
});

Deno.test("readOciLayout() counts what it cannot push as absent from an index", async () => {
  const unknown = await ociBlob({}, "application/x-something");
  await using archive = await openMembers(ociLayoutMembers([await ociIndex([amd64, unknown])]));
  const { root } = archive.images[0]!;
  assert.deepEqual(root.children.map(({ descriptor }) => descriptor), [amd64.descriptor]);
  assert.deepEqual(root.absent, [unknown.descriptor]);
});

Deno.test("readOciLayout() refuses indexes that are nested too deeply", async () => {
  let index = amd64;
  for (let depth = 0; depth < 10; depth++) index = await ociIndex([index]);
  await rejectsWith(ociLayoutMembers([index]), "ARCHIVE_CORRUPT", /nested more than 8 deep/);
});

Deno.test("readOciLayout() keeps an index that is not whole, and says what is absent", async () => {
  const members = ociLayoutMembers([annotated(both, { [NAME]: "docker.io/t/app:1" })]);
  await using unlisted = await openMembers(without(members, arm64));
  const [image] = unlisted.images;
  assert.equal(image?.root.descriptor.digest, both.descriptor.digest);
  assert.deepEqual(image.root.absent, [arm64.descriptor]);
  assert.deepEqual(image.root.children.map(({ descriptor }) => descriptor), [amd64.descriptor]);
  await using cut = await openMembers(removeLast(members, arm64));
  const children = cut.images[0]?.root.children ?? [];
  assert.deepEqual(children.map(({ absent }) => absent?.length), [0, 1]);
});

/** Leaves out one layer of a part, so that its manifest is there but not whole. */
function removeLast(members: TarMember[], part: OciPart): TarMember[] {
  const layers = part.members.filter(({ body }) => toBytes(body!)[0] === 0x1f);
  return members.filter(({ name }) => name !== layers.at(-1)?.name);
}

Deno.test("readOciLayout() says which config or layer an image lacks", async () => {
  const [config] = amd64.members.filter(({ body }) =>
    new TextDecoder().decode(toBytes(body!)).includes("diff_ids")
  );
  const members = removeLast(ociLayoutMembers([amd64]), amd64).filter(({ name }) => name !== config!.name);
  await using archive = await openMembers(members);
  const { root } = archive.images[0]!;
  assert.deepEqual(root.absent, [root.blobs[0], root.blobs.at(-1)]);
  assert.equal(root.config, undefined);
});

Deno.test("readOciLayout() refuses a list of what is not there", async () => {
  await rejectsWith(
    ociLayoutMembers([{ ...amd64, members: [] }]),
    "ARCHIVE_CORRUPT",
    /index\.json lists "blobs\/sha256\/[0-9a-f]{64}", which is missing/,
  );
});

Deno.test("readOciLayout() lets foreign layers be absent", async () => {
  const foreign = { ...await ociBlob(layerBytes("windows"), MEDIA_TYPE.ociForeignLayerGzip), members: [] };
  const config = await ociBlob({ rootfs: { diff_ids: [] } }, MEDIA_TYPE.ociConfig);
  const image = await ociManifest(config, [foreign]);
  await using archive = await openMembers(ociLayoutMembers([image]));
  assert.deepEqual(archive.images[0]?.root.blobs[1], foreign.descriptor);
});

Deno.test("readOciLayout() refuses blobs of another size than promised", async () => {
  const members = ociLayoutMembers([amd64]).map((member) =>
    toBytes(member.body!)[0] === 0x1f ? { ...member, body: toBytes("short") } : member
  );
  await rejectsWith(members, "ARCHIVE_CORRUPT", /has 5 bytes instead of the \d+ it should have/);
});

Deno.test("readOciLayout() refuses manifests and configs that are not what their digests say", async () => {
  for (const wanted of [MEDIA_TYPE.ociManifest, "diff_ids"]) {
    const members = ociLayoutMembers([amd64]).map((member) => {
      const body = toBytes(member.body!);
      const isWanted = body[0] === 0x7b && member.name.startsWith("blobs/") &&
        new TextDecoder().decode(body).includes(wanted);
      return isWanted
        ? { ...member, body: body.map((byte) => byte === 0x20 ? 0x09 : byte === 0x61 ? 0x62 : byte) }
        : member;
    });
    await rejectsWith(
      members,
      "ARCHIVE_CORRUPT",
      /the content of "blobs\/sha256\/.*" is not what its digest says/,
    );
  }
});

Deno.test("readOciLayout() refuses documents that are not of their type", async () => {
  const config = await ociBlob({}, MEDIA_TYPE.ociConfig);
  const both = { config: config.descriptor, layers: [], manifests: [] };
  for (
    const [document, mediaType] of [
      [
        { schemaVersion: 2, mediaType: MEDIA_TYPE.dockerManifest, config: config.descriptor, layers: [] },
        MEDIA_TYPE.ociManifest,
      ],
      [{ schemaVersion: 2, ...both }, MEDIA_TYPE.ociManifest],
      [{ schemaVersion: 2, ...both }, MEDIA_TYPE.ociIndex],
      [{ schemaVersion: 1 }, MEDIA_TYPE.ociIndex],
      [
        { schemaVersion: 2, config: config.descriptor, layers: [{ digest: "sha256:../../etc/passwd" }] },
        MEDIA_TYPE.ociManifest,
      ],
    ] as const
  ) {
    const part = await ociBlob(document, mediaType);
    const members = ociLayoutMembers([{ ...part, members: [...part.members, ...config.members] }]);
    await rejectsWith(members, "ARCHIVE_CORRUPT", /^Cannot open ".*": "blobs\/sha256\/.*" is damaged: /);
  }
});

Deno.test("readOciLayout() refuses digests that it could not verify", async () => {
  const digest = `sha512:${"a".repeat(128)}`;
  const index = { schemaVersion: 2, manifests: [{ mediaType: MEDIA_TYPE.ociManifest, digest, size: 1 }] };
  await rejectsWith(
    [{ name: "oci-layout", body: "{}" }, { name: "index.json", body: JSON.stringify(index) }],
    "ARCHIVE_UNSUPPORTED",
    /it names its content by sha512 instead of sha256/,
  );
});

Deno.test("readOciLayout() refuses documents that are large together, such as one index listed over and over", async () => {
  const padding = " ".repeat(4 * 2 ** 20 - 10_000);
  const config = await ociBlob(toBytes(`{${padding}}`), "application/x-config");
  const manifests = await Promise.all(
    Array.from(
      { length: 20 },
      (_, at) =>
        ociManifest(config, [{
          ...config,
          descriptor: { ...config.descriptor, annotations: { at: `${at}` } },
        }]),
    ),
  );
  await rejectsWith(
    ociLayoutMembers([await ociIndex(manifests)]),
    "ARCHIVE_UNSUPPORTED",
    /its documents together are larger than 64\.0 MiB/,
  );
});
