import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import type { ImageArchive } from "../../../lib/archive/image_archive.ts";
import { openArchive } from "../../../lib/archive/open_archive.ts";
import { type ErrorCode, isPusherError } from "../../../lib/errors.ts";
import { digestOf, shortDigest } from "../../../lib/spec/digest.ts";
import { distinctBlobs, manifestsBottomUp } from "../../../lib/spec/image.ts";
import { formatReference } from "../../../lib/spec/reference.ts";
import { writeDirectory } from "../../support/archive_directories.ts";
import {
  annotated,
  dockerSaveMembers,
  layerBytes,
  ociImage,
  ociLayoutMembers,
  openMembers,
  readBlob,
  type TarMember,
} from "../../support/archives.ts";
import { makeTempDir } from "../../support/temp_dir.ts";

const FIXTURES = "tests/fixtures/archives";

/** First digits of the digest, then the names, of every image. */
const EXPECTED: Record<string, string[][]> = {
  "bh-da": [["b350ec553f12", "localhost/bh:1"]],
  "bx-oci": [["91190c1a25eb"]],
  "c8d-att": [["e3c94acdb685", "docker.io/t/att:1"]],
  "c8d-mp": [["b0577a3b7f32", "docker.io/t/mp:1"]],
  "crane-tarball": [["27058e780669", "127.0.0.1:5599/t/mp:1"]],
  "docker2010-multi": [
    ["76ce10a13ab2", "docker.io/t/img:1", "other.example:5000/ns/img:v2"],
    ["63b3e129e8f0", "docker.io/t/two:1"],
    ["f0b6954f72cc", "docker.io/t/imp:1"],
  ],
  "docker2010-one": [["76ce10a13ab2", "docker.io/t/img:1"]],
  // Docker's own digests: those of the manifests in the OCI half of its archives.
  "docker26-byid": [["1aff757aa192"], ["8c1bf32eb055"]],
  "docker26-one": [["1aff757aa192", "docker.io/t/img:1"]],
  "docker28c8d-multi": [
    ["d7bc7fab5e09", "docker.io/t/img:1", "other.example:5000/ns/img:v2"],
    ["fe166ce1be22", "docker.io/t/two:1"],
    ["c910c6d07cc3", "docker.io/t/imp:1"],
  ],
  "podman43-docker-archive": [["76ce10a13ab2", "localhost/t/img:1"]],
  "podman43-oci-archive": [["cc80365ef52d", "localhost/t/img:1"]],
  "skopeo-reg-oci": [["cfa0a83acb4b", "docker.io/foo/bar:1"]],
  "um-dot": [["a5904431cec6"]],
  "z02-dotslash": [["76ce10a13ab2", "docker.io/t/img:1"]],
  "z14-symlink-first": [["a98b1aeeb6df", "docker.io/t/twice:1"]],
};

async function rejectsWith(
  opened: Promise<AsyncDisposable | Disposable>,
  code: ErrorCode,
  reason: RegExp,
): Promise<void> {
  await assert.rejects(opened, (error) => {
    assert(isPusherError(error, code), String(error));
    assert.match(error.message, /^Cannot open ".*": /);
    assert.match(error.message, reason);
    assert.match(error.hint ?? "", /^[A-Z].*[.a-z)]$/, "says what to do");
    return true;
  });
}

/** Checks all that binds content: the digest and size of every manifest and blob, and every diff ID. */
async function assertConsistent(archive: ImageArchive): Promise<void> {
  for (const { root } of archive.images) {
    for (const { bytes, descriptor, config, blobs } of manifestsBottomUp(root)) {
      assert.equal(await digestOf(bytes), descriptor.digest);
      assert.equal(bytes.length, descriptor.size);
      const diffIds = config?.architecture === "unknown" ? [] : config?.rootfs.diff_ids ?? [];
      for (const [at, diffId] of diffIds.entries()) {
        const layer = await readBlob(archive, blobs[at + 1]!);
        assert.equal(await digestOf(layer[0] === 0x1f ? gunzipSync(layer) : layer), diffId);
      }
    }
    for (const blob of distinctBlobs(root)) {
      const bytes = await readBlob(archive, blob);
      assert.equal(bytes.length, blob.size);
      assert.equal(await digestOf(bytes), blob.digest);
    }
  }
}

for (const [name, images] of Object.entries(EXPECTED)) {
  Deno.test(`openArchive() reads ${name}.tar`, async () => {
    using archive = await openArchive(`${FIXTURES}/${name}.tar`);
    assert.deepEqual(
      archive.images.map(({ names, root }) => [
        shortDigest(root.descriptor.digest),
        ...names.map(formatReference),
      ]),
      images,
    );
    await assertConsistent(archive);
  });
}

Deno.test("openArchive() keeps the platforms and attestations of an index", async () => {
  using archive = await openArchive(`${FIXTURES}/c8d-mp.tar`);
  assert.deepEqual(
    archive.images[0]?.root.children.map(({ config }) => config?.architecture),
    ["amd64", "arm64", "unknown", "unknown"],
  );
});

Deno.test("openArchive() says what it cannot tell: um-dot has tags, but no names", async () => {
  using archive = await openArchive(`${FIXTURES}/um-dot.tar`);
  assert.match(archive.notices.join(), /only by tag \("v1", "v2"\)/);
});

Deno.test("openArchive() leaves it to whoever reads a tampered layer to find that out", async () => {
  using archive = await openArchive(`${FIXTURES}/z23-tampered.tar`);
  await assert.rejects(assertConsistent(archive));
});

Deno.test("openArchive() refuses archives that are damaged", async () => {
  await rejectsWith(
    openArchive(`${FIXTURES}/z07-truncated.tar`),
    "ARCHIVE_CORRUPT",
    /ends inside ".*\/layer\.tar"/,
  );
  await rejectsWith(
    openArchive(`${FIXTURES}/z09-symlink-loop.tar`),
    "ARCHIVE_CORRUPT",
    /leads back to itself/,
  );
  await rejectsWith(
    openArchive(`${FIXTURES}/z24-layercount.tar`),
    "ARCHIVE_CORRUPT",
    /is for 3 layers, but 2/,
  );
});

Deno.test("openArchive() takes docker's list for the truth where both layouts are there", async () => {
  const layer = layerBytes("x");
  const graphDriver = await dockerSaveMembers([{ layers: [layer] }]);
  const layout: TarMember[] = [
    { name: "oci-layout", body: "{}" },
    { name: "index.json", body: '{"schemaVersion":2,"manifests":[]}' },
  ];
  await using archive = await openMembers([...graphDriver, ...layout, { name: "repositories", body: "{}" }]);
  assert.equal(archive.format, "docker-archive");
  await rejectsWith(openMembers([...graphDriver, ...layout]), "ARCHIVE_CORRUPT", /it lists no image/);
});

Deno.test("openArchive() says what a file is that is no tar archive", async () => {
  const gzipped = new Uint8Array(2000);
  gzipped.set([0x1f, 0x8b, 0x08]);
  await rejectsWith(openMembers(gzipped), "ARCHIVE_UNSUPPORTED", /it is compressed with gzip$/);
  await rejectsWith(
    openMembers(Uint8Array.fromHex("28b52ffd00")),
    "ARCHIVE_UNSUPPORTED",
    /compressed with zstd$/,
  );
  await rejectsWith(openMembers(new Uint8Array(0)), "ARCHIVE_UNSUPPORTED", /the file is empty$/);
  await rejectsWith(
    openMembers(new TextEncoder().encode("<html>Not found</html>".repeat(100))),
    "ARCHIVE_UNSUPPORTED",
    /it is not a tar archive$/,
  );
  await rejectsWith(openArchive("tests/nowhere.tar"), "ARCHIVE_NOT_FOUND", /no such file$/);
});

Deno.test("openArchive() says what a tar archive is that lists no image", async () => {
  const hex = "a".repeat(64);
  for (
    const [members, code, reason] of [
      [[], "ARCHIVE_UNSUPPORTED", /without entries$/],
      [[{ name: "notes.txt" }], "ARCHIVE_UNSUPPORTED", /a tar archive, but of no image$/],
      [
        [{ name: "./bin" }, { name: "./etc/passwd" }],
        "ARCHIVE_UNSUPPORTED",
        /a root filesystem, not an image$/,
      ],
      [[{ name: "etc/x" }, { name: "index.json" }], "ARCHIVE_UNSUPPORTED", /a root filesystem/],
      [[{ name: "app/manifest.json" }, { name: "usr/" }], "ARCHIVE_UNSUPPORTED", /a root filesystem/],
      [
        [{ name: "etc/x" }, { name: "manifest.json", body: "{}" }],
        "ARCHIVE_UNSUPPORTED",
        /a root filesystem/,
      ],
      [[{ name: `blobs/sha256/${hex}` }], "ARCHIVE_CORRUPT", /it looks cut off$/],
      [[{ name: `${hex}/layer.tar` }], "ARCHIVE_CORRUPT", /it looks cut off$/],
      [[{ name: `${hex}.tar.gz` }], "ARCHIVE_CORRUPT", /it looks cut off$/],
      [
        [{ name: "oci-layout" }],
        "ARCHIVE_CORRUPT",
        /neither manifest\.json nor index\.json.* it looks cut off$/,
      ],
      [
        [{ name: `blobs/sha256/${hex}` }, { name: "index.json" }],
        "ARCHIVE_CORRUPT",
        /no oci-layout, which come last: it looks cut off$/,
      ],
      [
        [{ name: "img/index.json" }, { name: "img/oci-layout" }],
        "ARCHIVE_UNSUPPORTED",
        /lie in the directory "img"/,
      ],
      [
        [{ name: "version" }, { name: "manifest.json", body: " {}" }],
        "ARCHIVE_UNSUPPORTED",
        /a tar archive, but of no image$/,
      ],
      [
        [{ name: "repositories" }, { name: `${hex}/json` }],
        "ARCHIVE_UNSUPPORTED",
        /docker before 1\.10 wrote it/,
      ],
      [[{ name: "manifest.json", body: "[]" }], "ARCHIVE_CORRUPT", /it lists no image/],
    ] as [TarMember[], ErrorCode, RegExp][]
  ) await rejectsWith(openMembers(members), code, reason);
});

Deno.test("openArchive() refuses lists of images that are damaged", async () => {
  for (
    const body of [
      "",
      "[",
      "null",
      "[7]",
      '[{"Config":7}]',
      '[{"Config":"c","Layers":"x"}]',
      '[{"RepoTags":["a"]}]',
      "\u{feff}[",
      '{"schemaVersion":',
      '{"schemaVersion":2}',
    ]
  ) {
    await rejectsWith(
      openMembers([{ name: "manifest.json", body }]),
      "ARCHIVE_CORRUPT",
      /"manifest\.json" is damaged: /,
    );
  }
  for (
    const body of [
      "",
      "[]",
      '{"schemaVersion":2}',
      '{"schemaVersion":2,"manifests":[{"digest":"sha256:../x"}]}',
    ]
  ) {
    const members = [{ name: "oci-layout" }, { name: "index.json", body }];
    await rejectsWith(openMembers(members), "ARCHIVE_CORRUPT", /"index\.json" is damaged: /);
  }
});

Deno.test("openArchive() refuses lists of images that are beyond all measure, without reading them", async () => {
  const large = new Uint8Array(80 * 2 ** 20);
  await rejectsWith(
    openMembers([{ name: "manifest.json", body: large }]),
    "ARCHIVE_UNSUPPORTED",
    /"manifest\.json" is larger than 8\.00 MiB/,
  );
  await rejectsWith(
    openMembers([{ name: "oci-layout" }, { name: "index.json", body: large }]),
    "ARCHIVE_UNSUPPORTED",
    /"index\.json" is larger than 4\.00 MiB/,
  );
});

Deno.test("openArchive() shows control characters in messages instead of obeying them", async () => {
  await rejectsWith(
    openMembers([{ name: "manifest.json", body: '[{"Config":"\\u001b]0;x\\u0007","Layers":[]}]' }]),
    "ARCHIVE_CORRUPT",
    /the config "\\u\{1b\}\]0;x\\u\{7\}" is missing$/,
  );
});

Deno.test("ImageArchive.openBlob() gives parts, and refuses what lies beyond", async () => {
  await using archive = await openMembers(await dockerSaveMembers([{ layers: [layerBytes("0123456789")] }]));
  const blob = archive.images[0]!.root.blobs[1]!;
  const text = async (range?: { offsetBytes?: number; lengthBytes?: number }): Promise<string> => {
    let text = "";
    for await (const chunk of archive.openBlob(blob, range)) text += new TextDecoder().decode(chunk);
    return text;
  };
  assert.equal(await text({ offsetBytes: 514, lengthBytes: 3 }), "234");
  assert.equal((await text({ offsetBytes: 515 })).length, blob.size - 515);
  assert.equal(await text({ lengthBytes: 8 }), "file.txt");
  assert.equal(await text({ offsetBytes: blob.size }), "");
  for (const range of [{ offsetBytes: blob.size + 1 }, { lengthBytes: blob.size + 1 }, { offsetBytes: -1 }]) {
    assert.throws(() => archive.openBlob(blob, range), RangeError);
  }
});

Deno.test("ImageArchive.openBlob() knows no blobs but those of its images", async () => {
  await using archive = await openMembers(await dockerSaveMembers([{ layers: [] }]));
  const digest = await digestOf(new Uint8Array(7));
  assert.throws(
    () => archive.openBlob({ mediaType: "x", digest, size: 7 }),
    (error) => isPusherError(error, "ARCHIVE_CORRUPT"),
  );
});

Deno.test("openArchive() reads a layout that is not packed, each blob with an identity of its own", async () => {
  await using temp = await makeTempDir();
  const image = await ociImage({ os: "linux", architecture: "amd64" }, [
    layerBytes("one"),
    layerBytes("two"),
  ]);
  const members = ociLayoutMembers([
    annotated(image, { "org.opencontainers.image.ref.name": "r.example/a:1" }),
  ]);
  const path = await writeDirectory(temp.join("layout"), [...members, { name: "ingest", type: "5" }]);
  const one = image.members[0]!.name;
  await Deno.utime(`${path}/${one}`, 1000, 1000);
  using archive = await openArchive(path);
  assert.equal(archive.format, "oci-dir");
  assert.deepEqual(archive.images[0]?.names.map(formatReference), ["r.example/a:1"]);
  await assertConsistent(archive);
  const [, first, second] = archive.images[0].root.blobs;
  assert.match(archive.identityOf(first!), /bytes of 1970-01-01T00:16:40\.000Z$/);
  assert.notEqual(archive.identityOf(second!), archive.identityOf(first!));
  assert.equal(await archive.isUnchanged(first!), true);
  await Deno.utime(`${path}/${one}`, 1001, 1001);
  assert.equal(await archive.isUnchanged(first!), false);
  assert.equal(await archive.isUnchanged(second!), true);
  const sizes = members.map(({ body = "" }) => body.length);
  // All but the file oci-layout, whose content does not matter.
  assert.equal(archive.sizeBytes, sizes.reduce((sum, size) => sum + size, 0) - 30);
});

Deno.test("openArchive() reads an archive of docker save that was unpacked", async () => {
  await using temp = await makeTempDir();
  const path = await writeDirectory(temp.path, await dockerSaveMembers([{ layers: [layerBytes("one")] }]));
  using archive = await openArchive(path);
  assert.equal(archive.format, "docker-archive");
  await assertConsistent(archive);
});

Deno.test("openArchive() says what a directory is that holds no image", async () => {
  await using temp = await makeTempDir();
  const reject = async (members: TarMember[], code: ErrorCode, reason: RegExp): Promise<void> => {
    await using directory = await makeTempDir();
    await rejectsWith(openArchive(await writeDirectory(directory.path, members)), code, reason);
  };
  await reject([], "ARCHIVE_UNSUPPORTED", /it is a directory without entries$/);
  await reject([{ name: "notes.txt" }], "ARCHIVE_UNSUPPORTED", /it is a directory, but of no image$/);
  await reject([{ name: "etc/passwd" }], "ARCHIVE_UNSUPPORTED", /a root filesystem/);
  await reject([{ name: "oci-layout" }], "ARCHIVE_CORRUPT", /neither manifest\.json nor index\.json/);
  const nested = await writeDirectory(temp.path, [{ name: "img/index.json" }]);
  await assert.rejects(openArchive(nested), (error) => {
    assert(isPusherError(error, "ARCHIVE_UNSUPPORTED"));
    assert.equal(error.hint, `Name that directory instead: ${nested}/img`);
    return true;
  });
});
