import assert from "node:assert/strict";
import type { CommandContext } from "../../lib/commands/command_context.ts";
import { save } from "../../lib/commands/save.ts";
import { isPusherError } from "../../lib/errors.ts";
import type { CommandRunner } from "../../lib/runtimes/command_runner.ts";
import { createDenoCommandRunner } from "../../lib/runtimes/deno_command_runner.ts";
import { systemClock } from "../../lib/util/clock.ts";
import { fileNames } from "../support/file_names.ts";
import { type RealDocker, startRealDocker } from "../support/real_docker.ts";
import { testWith } from "../support/real_parts.ts";
import { makeRealPodman, type RealPodman } from "../support/real_podman.ts";
import { runCommand } from "../support/run_command.ts";
import { makeTempDir, type TempDir } from "../support/temp_dir.ts";

type Command = readonly [string, ...string[]];

/** Starts other commands for the programs of runtimes; those that are not mentioned are not installed. */
function runnerWith(programs: Readonly<Record<string, Command>>): CommandRunner {
  const runner = createDenoCommandRunner(systemClock);
  return {
    start([program, ...args], signal) {
      const replacement = programs[program];
      if (!replacement) throw new Deno.errors.NotFound(program);
      return runner.start([...replacement, ...args], signal);
    },
  };
}

function dockerClient(env: Record<string, string>): Command {
  return ["env", ...Object.entries(env).map(([name, value]) => `${name}=${value}`), "docker"];
}

function podmanClient(podman: RealPodman): Command {
  return ["podman", ...podman.globalArgs];
}

function context(): CommandContext {
  return {
    signal: new AbortController().signal,
    clock: systemClock,
    random: () => 0.5,
    env: () => undefined,
    onEvent: () => {},
  };
}

/** A root file system with one file. */
async function rootTar(dir: TempDir, fileBytes: number): Promise<Uint8Array> {
  await Deno.mkdir(dir.join("root"));
  await Deno.writeFile(dir.join("root/file"), new Uint8Array(fileBytes));
  await runCommand(["tar", "-cf", dir.join("root.tar"), "-C", dir.join("root"), "."]);
  return await Deno.readFile(dir.join("root.tar"));
}

/** Names of the images in a docker-save archive, by another program's reading. */
async function repoTags(archive: string): Promise<string[]> {
  const manifest = JSON.parse(await runCommand(["tar", "-xOf", archive, "manifest.json"]));
  return manifest.flatMap(({ RepoTags }: { RepoTags: string[] }) => RepoTags);
}

/** A docker that holds `tiny:1`, `tiny:latest` and `localhost:5000/team/tiny:1`. */
async function startDocker(dir: TempDir, fileBytes = 100): Promise<RealDocker> {
  const docker = await startRealDocker();
  await docker.run(["import", "-", "tiny:1"], { stdin: await rootTar(dir, fileBytes) });
  await docker.run(["tag", "tiny:1", "tiny:latest"]);
  await docker.run(["tag", "tiny:1", "localhost:5000/team/tiny:1"]);
  return docker;
}

testWith(["docker"], "save() saves from docker one tag a file, by name and by ID", async () => {
  await using dir = await makeTempDir();
  await using out = await makeTempDir();
  await using docker = await startDocker(dir);
  const id = (await docker.run(["images", "--quiet", "--no-trunc", "tiny:1"])).trim();
  const { saved } = await save({
    images: ["tiny", "localhost:5000/team/tiny:1", id],
    outputDir: out.path,
    runner: runnerWith({ docker: dockerClient(docker.env) }),
  }, context());
  const idFile = `${id.replace(":", "_")}.tar`;
  assert.deepEqual(await fileNames(out.path), ["localhost_5000_team_tiny_1.tar", idFile, "tiny_latest.tar"]);
  for (const { path, sizeBytes } of saved) assert.equal((await Deno.stat(path)).size, sizeBytes);
  assert.deepEqual(await repoTags(out.join("tiny_latest.tar")), ["tiny:latest"]);
  assert.deepEqual(await repoTags(out.join("localhost_5000_team_tiny_1.tar")), [
    "localhost:5000/team/tiny:1",
  ]);
});

testWith(["docker"], "save() tells what docker does not have, and passes on what docker says", async () => {
  await using dir = await makeTempDir();
  await using out = await makeTempDir();
  await using docker = await startDocker(dir);
  const runner = runnerWith({ docker: dockerClient(docker.env) });
  await assert.rejects(
    save({ images: ["tiny:2"], outputDir: out.path, runner }, context()),
    (error) => isPusherError(error, "IMAGE_NOT_FOUND") && error.detail.available?.includes("tiny:1") === true,
  );
  await assert.rejects(
    save({ images: ["0123456789ab"], outputDir: out.path, runner }, context()),
    (error) => isPusherError(error, "RUNTIME_FAILED") && /no such image/i.test(error.detail.stderr),
  );
  assert.deepEqual(await fileNames(out.path), []);
});

testWith(["docker"], "save() leaves nothing on a disk that is full", async () => {
  await using dir = await makeTempDir();
  await using docker = await startDocker(dir, 3 * 2 ** 20);
  await using disk = await makeTempDir();
  await runCommand(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk.path]);
  try {
    await assert.rejects(
      save({
        images: ["tiny:1"],
        outputDir: disk.path,
        runner: runnerWith({ docker: dockerClient(docker.env) }),
      }, context()),
      (error) =>
        isPusherError(error, "OUTPUT_FAILED") && error.detail.path === disk.join("tiny_1.tar") &&
        /no space left/.test(error.message) && /^Free space .* about 3\.\d+ MiB/.test(error.hint ?? ""),
    );
    assert.deepEqual(await fileNames(disk.path), []);
  } finally {
    await runCommand(["umount", disk.path]);
  }
});

/** A podman that holds `localhost/tiny:1` and `registry.example/team/tiny:2`, which are the same image. */
async function makePodman(dir: TempDir): Promise<RealPodman> {
  const podman = await makeRealPodman();
  await podman.run(["import", "-", "tiny:1"], { stdin: await rootTar(dir, 100) });
  await podman.run(["tag", "tiny:1", "registry.example/team/tiny:2"]);
  return podman;
}

testWith(["podman"], "save() saves from podman each image by itself", async () => {
  await using dir = await makeTempDir();
  await using out = await makeTempDir();
  await using podman = await makePodman(dir);
  await save({
    images: ["tiny:1", "registry.example/team/tiny:2"],
    outputDir: out.path,
    runner: runnerWith({ podman: podmanClient(podman) }),
  }, context());
  assert.deepEqual(await fileNames(out.path), ["registry.example_team_tiny_2.tar", "tiny_1.tar"]);
  assert.deepEqual(await repoTags(out.join("tiny_1.tar")), ["localhost/tiny:1"]);
  const second = out.join("registry.example_team_tiny_2.tar");
  assert.deepEqual(await repoTags(second), ["registry.example/team/tiny:2"]);
});

testWith(["podman"], "save() works with podman that is called docker", async () => {
  await using dir = await makeTempDir();
  await using out = await makeTempDir();
  await using podman = await makePodman(dir);
  await save({
    images: ["tiny:1"],
    runtime: "docker",
    outputDir: out.path,
    runner: runnerWith({ docker: podmanClient(podman) }),
  }, context());
  assert.deepEqual(await repoTags(out.join("tiny_1.tar")), ["localhost/tiny:1"]);
});

testWith(["docker", "podman"], "save() falls back to podman when no docker daemon answers", async () => {
  await using dir = await makeTempDir();
  await using out = await makeTempDir();
  await using podman = await makePodman(dir);
  const docker = dockerClient({ DOCKER_HOST: `unix://${dir.join("none.sock")}` });
  const options = { images: ["tiny:1"], outputDir: out.path };
  await save({ ...options, runner: runnerWith({ docker, podman: podmanClient(podman) }) }, context());
  assert.deepEqual(await fileNames(out.path), ["tiny_1.tar"]);
  await assert.rejects(
    save({ ...options, runner: runnerWith({ docker }) }, context()),
    (error) =>
      isPusherError(error, "RUNTIME_NOT_FOUND") && /^docker: .*daemon/.test(error.detail.tried[0]!) &&
      error.detail.tried[2] === "podman: not installed",
  );
});
