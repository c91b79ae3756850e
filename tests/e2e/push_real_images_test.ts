import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { writeBuildContext } from "../support/build_context.ts";
import { type RealDocker, startRealDocker } from "../support/real_docker.ts";
import { testWith } from "../support/real_parts.ts";
import { makeRealPodman } from "../support/real_podman.ts";
import { type RealRegistry, startRealRegistry } from "../support/real_registry.ts";
import { runCli } from "../support/run_cli.ts";
import { skopeoCopy, skopeoInspectRaw } from "../support/skopeo.ts";
import { makeTempDir, type TempDir } from "../support/temp_dir.ts";

/** What an image is, whoever holds it. */
interface Identity {
  configDigest: string;
  diffIds: string[];
}

function sha256(bytes: Uint8Array | string): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** What docker or podman says of an image. */
function identityOf(inspected: string): Identity {
  const [{ Id, RootFS }] = JSON.parse(inspected);
  return { configDigest: Id.startsWith("sha256:") ? Id : `sha256:${Id}`, diffIds: RootFS.Layers };
}

/** What skopeo gets back from the registry, bytes as they are there. */
async function pullWithSkopeo(registry: RealRegistry, name: string, dir: TempDir): Promise<Identity> {
  const back = dir.join(`back-${crypto.randomUUID()}`);
  await skopeoCopy(`docker://${registry.host}/${name}`, `dir:${back}`);
  const read = (digest: string): Promise<Uint8Array> => Deno.readFile(`${back}/${digest.slice(7)}`);
  const { config, layers } = JSON.parse(await Deno.readTextFile(`${back}/manifest.json`));
  const { rootfs } = JSON.parse(new TextDecoder().decode(await read(config.digest)));
  for (const [at, { digest }] of layers.entries()) {
    assert.equal(
      sha256(await read(digest)),
      rootfs.diff_ids[at],
      "docker save and podman save do not compress",
    );
  }
  return { configDigest: config.digest, diffIds: rootfs.diff_ids };
}

async function assertTagged(line: string): Promise<void> {
  const [reference = "", digest] = line.split("@");
  assert.equal(sha256(await skopeoInspectRaw(`docker://${reference}`)), digest);
}

testWith(
  ["docker", "registry", "skopeo"],
  "push brings an image of docker to a registry as it is",
  async () => {
    await using dir = await makeTempDir();
    await using docker = await startRealDocker();
    await using registry = await startRealRegistry();
    await docker.build("built:1", await writeBuildContext(dir));
    await docker.run(["save", "-o", dir.join("built.tar"), "built:1"]);

    const push = ["push", dir.join("built.tar"), "-t", `${registry.host}/team/built:1`];
    const { code, stdout, stderr } = await runCli(push);
    assert.equal(code, 0, stderr);
    assert.match(stdout, new RegExp(`^${registry.host}/team/built:1@sha256:[0-9a-f]{64}\n$`));
    await assertTagged(stdout.trimEnd());
    const original = identityOf(await docker.run(["inspect", "built:1"]));
    assert.equal(original.diffIds.length, 3);
    assert.deepEqual(await pullWithSkopeo(registry, "team/built:1", dir), original);
  },
);

testWith(
  ["podman", "registry", "skopeo"],
  "push brings an image of podman to a registry as it is",
  async () => {
    await using dir = await makeTempDir();
    await using podman = await makeRealPodman();
    await using registry = await startRealRegistry();
    await podman.run(["build", "--quiet", "--layers", "--tag", "built:1", await writeBuildContext(dir)]);
    await podman.run(["save", "--output", dir.join("built.tar"), "built:1"]);

    const push = ["push", dir.join("built.tar"), "-t", `${registry.host}/team/built:1`];
    const { code, stdout, stderr } = await runCli(push);
    assert.equal(code, 0, stderr);
    assert.match(stdout, new RegExp(`^${registry.host}/team/built:1@sha256:[0-9a-f]{64}\n$`));
    await assertTagged(stdout.trimEnd());
    const original = identityOf(await podman.run(["inspect", "--type", "image", "built:1"]));
    assert.equal(original.diffIds.length, 3);
    assert.deepEqual(await pullWithSkopeo(registry, "team/built:1", dir), original);
  },
);

/** A docker that holds `app:1`, the same as `other.example/team/app:2`, and `tiny:1`, which it imported. */
async function startDocker(dir: TempDir): Promise<RealDocker> {
  const docker = await startRealDocker();
  await docker.build("app:1", await writeBuildContext(dir));
  await docker.run(["tag", "app:1", "other.example/team/app:2"]);
  await docker.run(["save", "-o", dir.join("app.tar"), "app:1"]);
  // Any tar file will do as a root file system.
  await docker.run(["import", dir.join("app.tar"), "tiny:1"]);
  return docker;
}

testWith(["docker", "registry", "skopeo"], "push --registry brings every tag of every image", async () => {
  await using dir = await makeTempDir();
  await using docker = await startDocker(dir);
  await using registry = await startRealRegistry();
  await docker.run(["save", "-o", dir.join("all.tar"), "app:1", "tiny:1", "other.example/team/app:2"]);

  const push = ["push", dir.join("all.tar"), "--registry", `${registry.host}/mirror`];
  const { code, stdout, stderr } = await runCli(push);
  assert.equal(code, 0, stderr);
  const lines = stdout.trimEnd().split("\n").sort();
  assert.deepEqual(lines.map((line) => line.split("@")[0]), [
    `${registry.host}/mirror/app:1`,
    `${registry.host}/mirror/team/app:2`,
    `${registry.host}/mirror/tiny:1`,
  ]);
  for (const line of lines) await assertTagged(line);
  const app = identityOf(await docker.run(["inspect", "app:1"]));
  assert.deepEqual(await pullWithSkopeo(registry, "mirror/app:1", dir), app);
  assert.deepEqual(await pullWithSkopeo(registry, "mirror/team/app:2", dir), app);
  const tiny = identityOf(await docker.run(["inspect", "tiny:1"]));
  assert.deepEqual(await pullWithSkopeo(registry, "mirror/tiny:1", dir), tiny);
});
