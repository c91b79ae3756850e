import assert from "node:assert/strict";
import {
  annotated,
  layerBytes,
  ociBlob,
  ociImage,
  ociIndex,
  ociLayoutMembers,
  ociManifest,
  tarBytes,
} from "../support/archives.ts";
import type { ProfileName } from "../support/registry/profiles.ts";
import { assertRefused } from "../support/refusal.ts";
import { runCli } from "../support/run_cli.ts";
import { makeTempDir, type TempDir } from "../support/temp_dir.ts";
import { startTestRegistry } from "../support/test_registry.ts";

function fixture(name: string): string {
  return new URL(`../fixtures/archives/${name}.tar`, import.meta.url).pathname;
}

/** An image with an attestation as buildkit writes it since 0.32: an OCI artifact that refers to the image. */
async function writeArtifactAttestation(dir: TempDir): Promise<string> {
  const image = await ociImage({ os: "linux", architecture: "amd64" }, [layerBytes("app")]);
  const config = await ociBlob({}, "application/vnd.oci.empty.v1+json");
  const statement = await ociBlob({ of: image.descriptor.digest }, "application/vnd.in-toto+json");
  const attestation = await ociManifest(config, [statement], image.descriptor);
  const listed = annotated(attestation, {
    "vnd.docker.reference.type": "attestation-manifest",
    "vnd.docker.reference.digest": image.descriptor.digest,
  });
  // Before its image, as hash order may have it.
  const index = await ociIndex([listed, image]);
  await Deno.writeFile(dir.join("app.tar"), tarBytes(ociLayoutMembers([index])));
  return dir.join("app.tar");
}

/** A registry that refuses an archive, and an option with which it takes it. */
interface Refusing {
  profile: ProfileName;
  archive: string | ((dir: TempDir) => Promise<string>);
  args?: readonly string[];
  refuses: RegExp;
  hint: RegExp;
  remedies: readonly (readonly string[])[];
}

const REFUSING: Readonly<Record<string, Refusing>> = {
  "Huawei's registry refuses OCI's indexes": {
    profile: "swr",
    archive: fixture("c8d-mp"),
    refuses:
      /answered 400 MANIFEST_INVALID.*; it refused an index of type "application\/vnd\.oci\.image\.index\.v1\+json"$/,
    hint:
      /--no-attestations, or use other types with --format docker, or push one platform with --platform linux\/amd64\./,
    remedies: [["--format", "docker"], ["--platform", "linux/amd64"]],
  },
  "Yandex' registry refuses indexes": {
    profile: "yandex",
    archive: fixture("c8d-att"),
    refuses: /; it refused an index of type/,
    hint: /type: leave attestations out with --no-attestations, or/,
    remedies: [["--no-attestations"], ["--platform", "linux/amd64"]],
  },
  "zot refuses docker's types": {
    profile: "zot",
    archive: fixture("c8d-mp"),
    args: ["--format", "docker"],
    refuses:
      /answered 415 .*; it refused a manifest of type "application\/vnd\.docker\.distribution\.manifest\.v2\+json"$/,
    hint: /type: use other types with --format oci\. The image gets another digest then\.$/,
    remedies: [["--format", "oci"]],
  },
  "Quay refuses a mixture of types, as docker's classic builder writes it": {
    profile: "quay",
    archive: fixture("docker28c8d-multi"),
    args: ["--image", "t/img:1"],
    refuses: /; it refused a manifest of type "application\/vnd\.oci\.image\.manifest\.v1\+json"$/,
    hint: /type: use other types with --format oci\./,
    remedies: [["--format", "oci"], ["--format", "docker"]],
  },
  "Aliyun's registry refuses attestations without a config": {
    profile: "aliyun",
    archive: writeArtifactAttestation,
    refuses:
      /; it refused an attestation: a manifest of type "\S+" with a config of type "application\/vnd\.oci\.empty/,
    hint: /type: leave attestations out with --no-attestations\. The image gets another digest then\.$/,
    remedies: [["--no-attestations"]],
  },
};

for (const [what, { profile, archive, args = [], refuses, hint, remedies }] of Object.entries(REFUSING)) {
  Deno.test(`${what}, and push says what helps`, async () => {
    await using dir = await makeTempDir();
    await using registry = startTestRegistry({ profile });
    const path = typeof archive === "string" ? archive : await archive(dir);
    const push = ["push", path, "-t", `${registry.host}/app:1`];
    assertRefused(await runCli([...push, ...args]), { code: 6, message: refuses, hint });
    assert.equal(registry.repository("app").tags.size, 0);
    for (const remedy of remedies) {
      const image = args[0] === "--image" ? args : [];
      const { code, stderr } = await runCli([...push, ...image, ...remedy, "--verify"]);
      assert.equal(code, 0, stderr);
    }
  });
}

Deno.test("GitLab gets what an attestation refers to before the attestation", async () => {
  await using dir = await makeTempDir();
  await using registry = startTestRegistry({ profile: "gitlab" });
  const path = await writeArtifactAttestation(dir);
  const { code, stderr } = await runCli(["push", path, "-t", `${registry.host}/app:1`]);
  assert.equal(code, 0, stderr);
  const tags = [...registry.repository("app").tags.keys()].map((tag) => tag.replace(/[0-9a-f]{64}/, "HEX"));
  assert.deepEqual(tags, ["sha256-HEX", "1"]);
});
