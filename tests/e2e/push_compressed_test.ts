import assert from "node:assert/strict";
import { dockerSaveMembers, layerBytes, tarBytes } from "../support/archives.ts";
import { patternBytes } from "../support/compressing.ts";
import { startRealDocker } from "../support/real_docker.ts";
import { testWith } from "../support/real_parts.ts";
import { makeRealPodman } from "../support/real_podman.ts";
import { startRealRegistry } from "../support/real_registry.ts";
import { assertRefused } from "../support/refusal.ts";
import { sha256Of } from "../support/registry/repository.ts";
import { runCli } from "../support/run_cli.ts";
import { runCommand } from "../support/run_command.ts";
import { makeTempDir, type TempDir } from "../support/temp_dir.ts";

/** More than two blocks, and one that is less than one. */
const LAYERS = [tarBytes([{ name: "large", body: patternBytes(2.5 * 2 ** 20) }]), layerBytes("small")];
const DIFF_IDS = LAYERS.map(sha256Of);

async function writeArchive(dir: TempDir): Promise<string> {
  const path = dir.join("app.tar");
  await Deno.writeFile(path, tarBytes(await dockerSaveMembers([{ tags: ["app:1"], layers: LAYERS }])));
  return path;
}

/** What comes back from the registry, decompressed by skopeo. */
async function diffIdsOf(reference: string, dir: TempDir): Promise<string[]> {
  const path = dir.join(`back-${crypto.randomUUID()}`);
  await runCommand([
    "skopeo",
    "--insecure-policy",
    "copy",
    "--src-tls-verify=false",
    "--dest-decompress",
    `docker://${reference}`,
    `dir:${path}`,
  ]);
  const { layers } = JSON.parse(await Deno.readTextFile(`${path}/manifest.json`));
  const found: string[] = [];
  for (const { digest } of layers) {
    found.push(sha256Of(await Deno.readFile(`${path}/${digest.slice("sha256:".length)}`)));
  }
  return found;
}

for (const method of ["gzip", "zstd", "gzip:9", "zstd:1"]) {
  testWith(["registry", "skopeo"], `push --compress ${method} gives layers that skopeo reads`, async () => {
    await using dir = await makeTempDir();
    await using registry = await startRealRegistry();
    const reference = `${registry.host}/team/app:1`;
    const args = [
      "push",
      await writeArchive(dir),
      "-t",
      reference,
      "--compress",
      method,
      "--json",
      "--verify",
    ];
    const stateDir = ["--state-dir", dir.join("state")];
    const first = await runCli([...args, ...stateDir]);
    assert.equal(first.code, 0, first.stderr);
    assert.deepEqual(await diffIdsOf(reference, dir), DIFF_IDS);
    const report = JSON.parse(first.stdout);
    assert.ok(report.sentBytes < report.compression.plainBytes / 2);

    const second = await runCli([...args, ...stateDir]);
    assert.equal(second.code, 0, second.stderr);
    const { sentBytes, compression, pushed } = JSON.parse(second.stdout);
    assert.deepEqual({ sentBytes, compression, pushed }, {
      sentBytes: 0,
      compression: { plainBytes: 0, compressedBytes: 0 },
      pushed: report.pushed,
    });
  });
}

testWith(["registry", "podman"], "push --compress gives layers that podman pulls", async () => {
  await using dir = await makeTempDir();
  await using registry = await startRealRegistry();
  await using podman = await makeRealPodman();
  const archive = await writeArchive(dir);
  for (const method of ["gzip", "zstd"]) {
    const reference = `${registry.host}/team/${method}:1`;
    const { code, stderr } = await runCli(["push", archive, "-t", reference, "--compress", method]);
    assert.equal(code, 0, stderr);
    await podman.run(["pull", "--quiet", "--tls-verify=false", reference]);
    const [{ RootFS }] = JSON.parse(await podman.run(["inspect", reference]));
    assert.deepEqual(RootFS.Layers, DIFF_IDS);
  }
});

testWith(["registry", "docker"], "push --compress gzip gives layers that docker pulls", async () => {
  await using dir = await makeTempDir();
  await using registry = await startRealRegistry();
  await using docker = await startRealDocker();
  const reference = `${registry.host}/team/app:1`;
  const { code, stderr } = await runCli([
    "push",
    await writeArchive(dir),
    "-t",
    reference,
    "--compress",
    "gzip",
  ]);
  assert.equal(code, 0, stderr);
  await docker.run(["pull", "--quiet", reference]);
  const [{ RootFS }] = JSON.parse(await docker.run(["inspect", reference]));
  assert.deepEqual(RootFS.Layers, DIFF_IDS);
});

testWith(["registry", "skopeo"], "push - --compress sends what comes through a pipe compressed", async () => {
  await using dir = await makeTempDir();
  await using registry = await startRealRegistry();
  const reference = `${registry.host}/team/app:1`;
  const stdin = await Deno.readFile(await writeArchive(dir));
  const { code, stderr } = await runCli(["push", "-", "-t", reference, "--compress", "zstd"], { stdin });
  assert.equal(code, 0, stderr);
  assert.match(stderr, /compressed to/);
  assert.deepEqual(await diffIdsOf(reference, dir), DIFF_IDS);
});

Deno.test("push --compress refuses what it does not know", async () => {
  const result = await runCli(["push", "app.tar", "-t", "127.0.0.1:1/app:1", "--compress", "lzma"]);
  assertRefused(result, { code: 2, message: /--compress "lzma"/, hint: /gzip/ });
});

Deno.test("push --compress zstd refuses docker's format, which has no type for it", async () => {
  const args = ["push", "app.tar", "-t", "127.0.0.1:1/app:1", "--compress", "zstd", "--format", "docker"];
  assertRefused(await runCli(args), {
    code: 2,
    message: /--compress zstd with --format docker/,
    hint: /leave --format out/,
  });
});
