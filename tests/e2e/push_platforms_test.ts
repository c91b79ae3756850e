import assert from "node:assert/strict";
import {
  annotated,
  layerBytes,
  ociBlob,
  ociImage,
  ociIndex,
  ociLayoutMembers,
  ociManifest,
  type OciPart,
  tarBytes,
  type TarMember,
} from "../support/archives.ts";
import { pullImage } from "../support/pulled_image.ts";
import { testWith } from "../support/real_parts.ts";
import { makeRealPodman } from "../support/real_podman.ts";
import { type RealRegistry, startRealRegistry } from "../support/real_registry.ts";
import { assertRefused } from "../support/refusal.ts";
import { runCli } from "../support/run_cli.ts";
import { skopeoCopy, skopeoInspectRaw } from "../support/skopeo.ts";
import { makeTempDir, type TempDir } from "../support/temp_dir.ts";
import { startTestRegistry } from "../support/test_registry.ts";

const NAME = "io.containerd.image.name";
const AMD64 = await ociImage({ os: "linux", architecture: "amd64" }, [
  layerBytes("base"),
  layerBytes("amd64"),
]);
const ARM64 = await ociImage({ os: "linux", architecture: "arm64" }, [
  layerBytes("base"),
  layerBytes("arm64"),
]);
const S390X = await ociImage({ os: "linux", architecture: "s390x" }, [layerBytes("s390x")]);

/** Digests of c8d-mp and what it holds. */
const MP = {
  index: "sha256:b0577a3b7f3232f5584709c4b2b6a0d3c4d3d9cf4d453794661dcbacb105a68f",
  amd64: "sha256:cfa0a83acb4b00f4009019c0536016ec536e988b0a4d9ffa16b18fcc17824ec6",
  arm64: "sha256:b9c9c742fad745f5016d2b49b07c6e1409efad2d10ffb3445cfa5f82163fad5f",
};

function fixture(name: string): string {
  return new URL(`../fixtures/archives/${name}.tar`, import.meta.url).pathname;
}

async function writeTar(dir: TempDir, name: string, members: readonly TarMember[]): Promise<string> {
  await Deno.writeFile(dir.join(name), tarBytes(members));
  return dir.join(name);
}

/** Entries that only these parts have. */
function without(
  members: readonly TarMember[],
  parts: readonly OciPart[],
  kept: readonly OciPart[],
): TarMember[] {
  const keptNames = new Set(kept.flatMap((part) => part.members.map(({ name }) => name)));
  const names = new Set(parts.flatMap((part) => part.members.map(({ name }) => name)));
  return members.filter(({ name }) => !names.has(name) || keptNames.has(name));
}

interface Pushed {
  digest: string;
  stderr: string;
  // deno-lint-ignore no-explicit-any -- whatever the registry holds
  document: any;
}

/** Pushes to a registry, and reads back with skopeo what the tag stands for. */
async function push(registry: RealRegistry, name: string, args: readonly string[]): Promise<Pushed> {
  const reference = `${registry.host}/${name}`;
  const { code, stdout, stderr } = await runCli(["push", ...args, "-t", reference, "--verify"]);
  assert.equal(code, 0, stderr);
  const raw = await skopeoInspectRaw(`docker://${reference}`);
  const { digest } = await pullImage(registry, name);
  assert(stdout.split("\n").includes(`${reference}@${digest}`), stdout);
  return { digest, stderr, document: JSON.parse(raw) };
}

const platformsOf = (document: Pushed["document"]): string[] =>
  document.manifests.map(({ platform }: { platform: { os: string; architecture: string } }) =>
    `${platform.os}/${platform.architecture}`
  );

testWith(
  ["registry", "skopeo"],
  "push --platform brings one platform as it is, or several in an index",
  async () => {
    await using registry = await startRealRegistry();
    const one = await push(registry, "mp:arm64", [fixture("c8d-mp"), "--platform", "linux/arm64/v8"]);
    assert.equal(one.digest, MP.arm64);
    assert.match(one.stderr, /docker\.io\/t\/mp:1 is pushed as sha256:b9c9c742\w+, for linux\/arm64 only\./);
    const all = await push(registry, "mp:all", [fixture("c8d-mp"), "--platform", "linux/amd64,linux/arm64"]);
    assert.equal(all.digest, MP.index);
    const single = await push(registry, "two:1", [
      fixture("docker28c8d-multi"),
      "--image",
      "t/two",
      "--platform",
      "linux/x86_64",
    ]);
    assert.equal(single.digest, "sha256:fe166ce1be2287920e35bae794c90eca95003d680c7fd9c0f9c77682e5bd7354");

    await using dir = await makeTempDir();
    const index = await ociIndex([AMD64, ARM64, S390X]);
    const archive = await writeTar(dir, "three.tar", ociLayoutMembers([index]));
    const two = await push(registry, "app:two", [archive, "--platform=linux/s390x,linux/amd64"]);
    assert.deepEqual(platformsOf(two.document), ["linux/amd64", "linux/s390x"]);
    assert.match(
      two.stderr,
      /is pushed under the new digest sha256:\w+, for linux\/amd64, linux\/s390x only\./,
    );
    await skopeoCopy(`docker://${registry.host}/app:two`, `oci-archive:${dir.join("back.tar")}`);
  },
);

Deno.test("push --platform refuses what is not there, and says what is", async () => {
  await using registry = startTestRegistry();
  const target = ["-t", `${registry.host}/app:1`];
  for (
    const [name, held] of [["c8d-mp", "linux/amd64, linux/arm64"], ["docker26-one", "linux/amd64"]] as const
  ) {
    assertRefused(await runCli(["push", fixture(name), ...target, "--platform", "linux/amd64,linux/s390x"]), {
      code: 3,
      message: /^error: Cannot find linux\/s390x in the image "docker\.io\/t\/\w+:1"$/,
      hint: new RegExp(`^hint: It holds ${held}\\.$`),
    });
  }
  assertRefused(await runCli(["push", fixture("c8d-mp"), ...target, "--platform", "amd64"]), {
    code: 2,
    message: /^error: Cannot use --platform "amd64": it is not a platform$/,
    hint: /^hint: Did you mean linux\/amd64\?$/,
  });
  assert.deepEqual(registry.requests, []);
});

testWith(
  ["registry", "skopeo"],
  "push of a partial archive brings what is whole, and says what is absent",
  async () => {
    await using dir = await makeTempDir();
    await using registry = await startRealRegistry();
    const index = annotated(await ociIndex([AMD64, ARM64, S390X]), { [NAME]: "docker.io/t/app:1" });
    const members = ociLayoutMembers([index]);
    const one = await writeTar(dir, "one.tar", without(members, [ARM64, S390X], [AMD64]));
    const alone = await push(registry, "app:one", [one]);
    assert.equal(alone.digest, AMD64.descriptor.digest);
    assert.match(
      alone.stderr,
      /docker\.io\/t\/app:1 is pushed as sha256:\w+, for linux\/amd64 only \(the archive lacks linux\/arm64, linux\/s390x\)\./,
    );

    const several = await writeTar(dir, "several.tar", without(members, [S390X], [AMD64, ARM64]));
    const two = await push(registry, "app:two", [several]);
    assert.deepEqual(platformsOf(two.document), ["linux/amd64", "linux/arm64"]);
    assert.match(
      two.stderr,
      /under the new digest sha256:\w+, for linux\/amd64, linux\/arm64 only \(the archive lacks linux\/s390x\)\./,
    );

    const none = await writeTar(dir, "none.tar", without(members, [AMD64, ARM64, S390X], []));
    assertRefused(await runCli(["push", none, "-t", `${registry.host}/app:none`]), {
      code: 3,
      message:
        /of the image docker\.io\/t\/app:1, sha256:[0-9a-f]{64} is missing, and nothing is whole of linux\/amd64, linux\/arm64, linux\/s390x$/,
      hint: /Save the image again/,
    });
  },
);

testWith(
  ["registry", "skopeo", "podman"],
  "push --index makes one image of archives for one platform each, which podman knows as a list",
  async () => {
    await using dir = await makeTempDir();
    await using registry = await startRealRegistry();
    await using podman = await makeRealPodman();
    const archives = await Promise.all(
      [AMD64, ARM64].map((part, at) =>
        writeTar(dir, `${at}.tar`, ociLayoutMembers([annotated(part, { [NAME]: "docker.io/t/app:1" })]))
      ),
    );
    const docker = fixture("docker2010-one");
    const { document, stderr } = await push(registry, "app:1", [...archives, "--index"]);
    assert.deepEqual(platformsOf(document), ["linux/amd64", "linux/arm64"]);
    assert.deepEqual(
      document.manifests.map(({ digest }: { digest: string }) => digest),
      [AMD64.descriptor.digest, ARM64.descriptor.digest],
    );
    assert.match(stderr, /An index of linux\/amd64, linux\/arm64 is made, with the new digest sha256:/);
    await Deno.writeTextFile(
      dir.join("registries.conf"),
      `[[registry]]\nlocation = "${registry.host}"\ninsecure = true\n`,
    );
    const seen = await podman.run(["manifest", "inspect", `${registry.host}/app:1`], {
      env: { CONTAINERS_REGISTRIES_CONF: dir.join("registries.conf") },
    });
    assert.deepEqual(JSON.parse(seen).manifests, document.manifests);
    const pull = ["pull", "--quiet", "--tls-verify=false", "--arch", "arm64", `${registry.host}/app:1`];
    const id = (await podman.run(pull)).trimEnd();
    assert.equal(await podman.run(["inspect", "--format", "{{.Architecture}}", id]), "arm64\n");

    const again = await runCli([
      "push",
      ...archives,
      "--index",
      "--registry",
      `${registry.host}/mirror`,
      "--json",
    ]);
    assert.equal(JSON.parse(again.stdout).pushed[0].reference, `${registry.host}/mirror/t/app:1`);
    const joined = await push(registry, "mp:1", [docker, archives[1]!, "--index"]);
    assert.deepEqual(platformsOf(joined.document), ["linux/amd64", "linux/arm64"]);
    assertRefused(await runCli(["push", docker, archives[0]!, "--index", "-t", `${registry.host}/app:2`]), {
      code: 2,
      message:
        /"\S+docker2010-one\.tar \(docker\.io\/t\/img:1\)" and "\S+0\.tar \(docker\.io\/t\/app:1\)" are both for linux\/amd64$/,
      hint: /--image/,
    });
  },
);

testWith(
  ["registry", "skopeo"],
  "push --index flattens indexes, with their attestations, to several targets",
  async () => {
    await using dir = await makeTempDir();
    await using registry = await startRealRegistry();
    const arm = await writeTar(dir, "s390x.tar", ociLayoutMembers([S390X]));
    const targets = ["-t", `${registry.host}/second:1`, "-t", `${registry.host}/third:1`];
    const { document, digest } = await push(registry, "first:1", [
      fixture("c8d-mp"),
      arm,
      "--index",
      ...targets,
    ]);
    assert.deepEqual(platformsOf(document), [
      "linux/amd64",
      "linux/arm64",
      "linux/s390x",
      "unknown/unknown",
      "unknown/unknown",
    ]);
    for (const name of ["second:1", "third:1"]) {
      assert.equal(
        (await pullImage(registry, name)).digest,
        digest,
      );
    }
  },
);

testWith(
  ["registry", "skopeo"],
  "push --no-attestations and --format change what they say, and no blob",
  async () => {
    await using registry = await startRealRegistry();
    const plain = await push(registry, "att:plain", [fixture("c8d-att"), "--no-attestations"]);
    assert.equal(plain.digest, MP.amd64);
    assert.match(
      plain.stderr,
      /docker\.io\/t\/att:1 is pushed as sha256:cfa0a83a\w+, without attestations\./,
    );
    const both = await push(registry, "mp:plain", [fixture("c8d-mp"), "--no-attestations"]);
    assert.deepEqual(platformsOf(both.document), ["linux/amd64", "linux/arm64"]);
    const docker = await push(registry, "mp:docker", [fixture("c8d-mp"), "--format", "docker"]);
    assert.match(
      docker.stderr,
      /under the new digest sha256:\w+, without attestations, in docker's format\./,
    );
    assert.match(docker.document.mediaType, /docker\.distribution\.manifest\.list/);
    await using dir = await makeTempDir();
    await skopeoCopy(`docker://${registry.host}/mp:docker`, `dir:${dir.join("docker")}`);
    const mixed = await push(registry, "img:oci", [
      fixture("docker28c8d-multi"),
      "--image",
      "t/img:1",
      "--format=oci",
    ]);
    assert.match(mixed.stderr, /is pushed under the new digest sha256:\w+, in OCI's format\./);
    await skopeoCopy(`docker://${registry.host}/img:oci`, `oci-archive:${dir.join("oci.tar")}`);
  },
);

Deno.test("push --dry-run, --json and the history know images as they are pushed", async () => {
  await using registry = startTestRegistry();
  await using home = await makeTempDir();
  const args = [fixture("c8d-mp"), "--platform", "linux/arm64", "-t", `${registry.host}/mp:1`];
  const dry = await runCli(["push", ...args, "--dry-run", "--json"], { home });
  const [planned] = JSON.parse(dry.stdout).images;
  assert.deepEqual([planned.digest, planned.archiveDigest], [MP.arm64, MP.index]);
  assert.deepEqual([planned.manifests, planned.blobs.length], [1, 5]);
  const report = JSON.parse((await runCli(["push", ...args, "--json"], { home })).stdout);
  const { digest, archiveDigest } = report.pushed[0];
  assert.deepEqual([digest, archiveDigest], [MP.arm64, MP.index]);
  const plain = JSON.parse((await runCli(["inspect", fixture("docker2010-one"), "--json"])).stdout).images[0];
  const compress = [
    "push",
    fixture("docker2010-one"),
    "-t",
    `${registry.host}/gz:1`,
    "--compress",
    "gzip",
    "--json",
  ];
  for (const format of [[], ["--format", "docker"]]) {
    const { pushed } = JSON.parse((await runCli([...compress, ...format], { home })).stdout);
    assert.equal(pushed[0].archiveDigest, plain.digest);
  }
  const again = await runCli(["push", fixture("c8d-mp"), "--platform", "linux/arm64"], { home });
  assert.equal(again.stdout, `${registry.host}/mp:1@${MP.arm64}\n`);
});

testWith(["registry", "skopeo"], "push lists what refers to an image where the registry cannot", async () => {
  await using dir = await makeTempDir();
  await using registry = await startRealRegistry();
  const config = await ociBlob({}, "application/vnd.oci.empty.v1+json");
  const sbom = await ociManifest(
    config,
    [await ociBlob(layerBytes("sbom"), "application/x-sbom")],
    AMD64.descriptor,
  );
  const archive = await writeTar(
    dir,
    "app.tar",
    ociLayoutMembers([annotated(AMD64, { [NAME]: "docker.io/t/app:1" }), sbom]),
  );
  const { digest } = await push(registry, "app:1", [archive]);
  assert.equal(digest, AMD64.descriptor.digest);
  const tag = AMD64.descriptor.digest.replace(":", "-");
  const list = JSON.parse(await skopeoInspectRaw(`docker://${registry.host}/app:${tag}`));
  assert.deepEqual(
    list.manifests.map(({ digest, artifactType }: { digest: string; artifactType: string }) => [
      digest,
      artifactType,
    ]),
    [[sbom.descriptor.digest, config.descriptor.mediaType]],
  );
});

Deno.test("push leaves it to a registry with the referrers API to list what refers to an image", async () => {
  await using dir = await makeTempDir();
  await using registry = startTestRegistry();
  const config = await ociBlob({}, "application/vnd.oci.empty.v1+json");
  const sbom = await ociManifest(
    config,
    [await ociBlob(layerBytes("sbom"), "application/x-sbom")],
    AMD64.descriptor,
  );
  const archive = await writeTar(
    dir,
    "app.tar",
    ociLayoutMembers([annotated(AMD64, { [NAME]: "docker.io/t/app:1" }), sbom]),
  );
  const { code, stderr } = await runCli(["push", archive, "-t", `${registry.host}/app:1`]);
  assert.equal(code, 0, stderr);
  assert.deepEqual([...registry.repository("app").tags.keys()], ["1"]);
  const response = await fetch(`${registry.origin}/v2/app/referrers/${AMD64.descriptor.digest}`);
  assert.deepEqual((await response.json()).manifests.map((each: { digest: string }) => each.digest), [
    sbom.descriptor.digest,
  ]);
});

Deno.test("push of two images with one name asks which is meant, or makes one image of them", async () => {
  await using dir = await makeTempDir();
  await using registry = startTestRegistry();
  const named = (part: OciPart): OciPart => annotated(part, { [NAME]: "docker.io/t/app:1" });
  const archive = await writeTar(dir, "same.tar", ociLayoutMembers([named(AMD64), named(ARM64)]));
  const all = ["push", archive, "--registry", registry.host];
  assertRefused(await runCli(all), {
    code: 2,
    message: /two images would become "127\.0\.0\.1:\d+\/t\/app:1"$/,
    hint: /--image DIGEST and -t, or as one image for several platforms with --index\.$/,
  });
  const target = ["-t", `${registry.host}/t/app:1`];
  assertRefused(await runCli(["push", archive, "--image", "t/app:1", ...target]), {
    code: 2,
    message: /there are 2 images and one target$/,
    hint: /--index\.$/,
  });
  const chosen = await runCli(["push", archive, "--image", ARM64.descriptor.digest, ...target]);
  assert.equal(chosen.stdout, `${registry.host}/t/app:1@${ARM64.descriptor.digest}\n`);
  assert.equal((await runCli([...all, "--index"])).code, 0);
  const { children } = await pullImage(registry, "t/app:1");
  assert.deepEqual(children.map(({ digest }) => digest), [AMD64.descriptor.digest, ARM64.descriptor.digest]);
});

Deno.test("push chooses images from several archives together", async () => {
  await using registry = startTestRegistry();
  const archives = [fixture("c8d-mp"), fixture("docker28c8d-multi")];
  const one = await runCli(["push", ...archives, "--image", "t/mp", "-t", `${registry.host}/mp:1`]);
  assert.equal(one.stdout, `${registry.host}/mp:1@${MP.index}\n`);
  const two = await runCli([
    "push",
    ...archives,
    "--image",
    "t/mp",
    "--image",
    "t/two:1",
    "--registry",
    registry.host,
  ]);
  assert.deepEqual(two.stdout.split("\n").map((line) => line.split("@")[0]), [
    `${registry.host}/t/mp:1`,
    `${registry.host}/t/two:1`,
    "",
  ]);
});

Deno.test("push of standard input knows platforms, formats and indexes, too", async () => {
  await using registry = startTestRegistry();
  const pipe = async (name: string, ...args: string[]): Promise<string> => {
    const stdin = await Deno.readFile(fixture(name));
    const { code, stdout, stderr } = await runCli([
      "push",
      "-",
      "-t",
      `${registry.host}/app:1`,
      "--verify",
      ...args,
    ], {
      stdin,
    });
    assert.equal(code, 0, stderr);
    return stdout.trimEnd().split("@")[1]!;
  };
  assert.equal(await pipe("c8d-mp", "--platform", "linux/arm64"), MP.arm64);
  assert.equal(await pipe("c8d-att", "--no-attestations"), MP.amd64);
  const docker = await pipe("c8d-mp", "--format", "docker");
  assert.equal((await pullImage(registry, "app:1")).digest, docker);
  await using dir = await makeTempDir();
  const other = await writeTar(dir, "s390x.tar", ociLayoutMembers([S390X]));
  await pipe("docker2010-one", other, "--index");
  assert.equal((await pullImage(registry, "app:1")).children.length, 2);
  const { code } = await runCli(["push", "-", "-t", `${registry.host}/app:1`, "--platform", "arm64"], {
    stdin: "x",
  });
  assert.equal(code, 2, "before anything is read");
});
