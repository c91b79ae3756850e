import assert from "node:assert/strict";
import { fixturePath } from "../support/fixture_archives.ts";
import { startRealDocker } from "../support/real_docker.ts";
import { testWith } from "../support/real_parts.ts";
import { makeRealPodman } from "../support/real_podman.ts";
import { type RealRegistry, startRealRegistry } from "../support/real_registry.ts";
import { runCli } from "../support/run_cli.ts";
import { runCommand } from "../support/run_command.ts";
import { skopeoInspectRaw } from "../support/skopeo.ts";
import { makeTempDir } from "../support/temp_dir.ts";

/** Archives whose images are pushed first: plain and compressed layers, docker's and OCI's manifests, one platform and two. */
const FIXTURES = {
  "docker2010-one": "t/img:1",
  "podman43-oci-archive": "t/img:1",
  "skopeo-reg-oci": "foo/bar:1",
  "c8d-mp": "t/mp:1",
};

async function run(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCli(args);
  assert.equal(code, 0, stderr);
  return stdout.trim();
}

/** Pushes a fixture, and pulls it for linux/amd64. */
async function pulled(
  fixture: keyof typeof FIXTURES,
  registry: RealRegistry,
  output: string,
): Promise<{ name: string; digest: string; configDigest: string }> {
  const name = `${registry.host}/${fixture}/${FIXTURES[fixture]}`;
  await run("push", fixturePath(fixture), "-t", name);
  const line = await run("pull", name, "-o", output, "--platform", "linux/amd64");
  const [pinned = "", path] = line.split(" ");
  assert.equal(path, output);
  const [reference, digest = ""] = pinned.split("@");
  assert.equal(reference, name);
  const manifest = JSON.parse(await skopeoInspectRaw(`docker://${name.replace(/:1$/, "")}@${digest}`));
  return { name, digest, configDigest: manifest.config.digest };
}

testWith(
  ["registry", "docker", "skopeo"],
  "docker loads what was pulled",
  async () => {
    await using registry = await startRealRegistry();
    await using docker = await startRealDocker();
    await using dir = await makeTempDir();
    for (const fixture of Object.keys(FIXTURES) as (keyof typeof FIXTURES)[]) {
      const output = dir.join(`${fixture}.tar`);
      const { name, configDigest } = await pulled(fixture, registry, output);
      await docker.run(["load", "--input", output]);
      assert.equal(
        (await docker.run(["image", "inspect", "--format", "{{.Id}}", name])).trim(),
        configDigest,
      );
      await docker.run(["image", "rm", name]);
      const pull = `${Deno.execPath()} run -A -q main.ts pull ${name} -o - --state-dir ${dir.path}`;
      const command = ["sh", "-c", `${pull} --platform linux/amd64 | docker load`];
      const loaded = await runCommand(command, { env: docker.env });
      assert.ok(loaded.includes(`Loaded image: ${name}`), loaded);
    }
  },
);

testWith(
  ["registry", "docker", "podman"],
  "docker and podman load several images from one archive",
  async () => {
    await using registry = await startRealRegistry();
    await using docker = await startRealDocker();
    await using podman = await makeRealPodman();
    await using dir = await makeTempDir();
    const names = ["one:1", "two:2", "mp:3"].map((name) => `${registry.host}/${name}`);
    const [one = "", two = "", mp = ""] = names;
    await run("push", fixturePath("docker2010-one"), "-t", one);
    await run("push", fixturePath("skopeo-reg-oci"), "-t", two);
    await run("push", fixturePath("c8d-mp"), "-t", mp);
    const output = dir.join("all.tar");
    await run("pull", ...names, "-o", output, "--platform", "all");
    await docker.run(["load", "--input", output]);
    await podman.run(["load", "--input", output]);
    for (const name of names) {
      const id = (await docker.run(["image", "inspect", "--format", "{{.Id}}", name])).trim();
      assert.equal(
        `sha256:${(await podman.run(["image", "inspect", "--format", "{{.Id}}", name])).trim()}`,
        id,
      );
    }
  },
);

testWith(["registry", "podman", "skopeo"], "podman loads what was pulled", async () => {
  await using registry = await startRealRegistry();
  await using podman = await makeRealPodman();
  await using dir = await makeTempDir();
  for (const fixture of Object.keys(FIXTURES) as (keyof typeof FIXTURES)[]) {
    const output = dir.join(`${fixture}.tar`);
    const { name, configDigest } = await pulled(fixture, registry, output);
    await podman.run(["load", "--input", output]);
    const id = await podman.run(["image", "inspect", "--format", "{{.Id}}", name]);
    assert.equal(`sha256:${id.trim()}`, configDigest);
  }
});

testWith(["registry", "skopeo"], "skopeo reads what was pulled as either kind of archive", async () => {
  await using registry = await startRealRegistry();
  await using dir = await makeTempDir();
  for (const fixture of Object.keys(FIXTURES) as (keyof typeof FIXTURES)[]) {
    const output = dir.join(`${fixture}.tar`);
    const { digest, configDigest } = await pulled(fixture, registry, output);
    for (const kind of ["oci-archive", "docker-archive"]) {
      const copy = dir.join(`${fixture}-${kind}`);
      const exact = kind === "oci-archive" ? ["--preserve-digests"] : [];
      await runCommand(["skopeo", "--insecure-policy", "copy", ...exact, `${kind}:${output}`, `dir:${copy}`]);
      const manifest = await Deno.readTextFile(`${copy}/manifest.json`);
      assert.equal(JSON.parse(manifest).config.digest, configDigest, kind);
      if (kind === "oci-archive") {
        const hash = await runCommand(["sha256sum", `${copy}/manifest.json`]);
        assert.equal(`sha256:${hash.split(" ")[0]}`, digest);
      }
    }
  }
});

testWith(
  ["registry"],
  "pull and push carry all platforms and attestations from registry to registry",
  async () => {
    await using source = await startRealRegistry();
    await using target = await startRealRegistry();
    await using dir = await makeTempDir();
    for (const [fixture, repository] of [["c8d-mp", "t/mp"], ["c8d-att", "t/att"]] as const) {
      const pushed = await run("push", fixturePath(fixture), "-t", `${source.host}/${repository}:1`);
      const output = dir.join(`${fixture}.tar`);
      assert.equal(
        await run("pull", `${source.host}/${repository}:1`, "-o", output, "--platform", "all"),
        `${pushed} ${output}`,
      );
      const again = await run("push", output, "-t", `${target.host}/${repository}:2`, "--verify");
      assert.equal(again.split("@")[1], pushed.split("@")[1]);
    }
  },
);

testWith(["registry"], "pull pipes into push", async () => {
  await using source = await startRealRegistry();
  await using target = await startRealRegistry();
  const pushed = await run("push", fixturePath("c8d-mp"), "-t", `${source.host}/mp:1`);
  const { code, stdout, stderr } = await runCli([
    "pull",
    `${source.host}/mp:1`,
    "-o",
    "-",
    "--platform",
    "all",
  ]);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /Pulled .*mp:1/);
  assert.ok(stdout.startsWith("oci-layout"));
  await using dir = await makeTempDir();
  const command = [
    `${Deno.execPath()} run -A -q main.ts pull ${source.host}/mp:1 -o - --platform all --state-dir ${dir.path}`,
    `${Deno.execPath()} run -A -q main.ts push - -t ${target.host}/mp:2 --state-dir ${dir.path}`,
  ].join(" | ");
  const line = await runCommand(["sh", "-c", command]);
  assert.equal(line.trim().split("@")[1], pushed.split("@")[1]);
});
