import assert from "node:assert/strict";
import { writeBuildContext } from "../support/build_context.ts";
import { makeFakeDocker } from "../support/fake_docker.ts";
import { fileNames } from "../support/file_names.ts";
import { pullImage } from "../support/pulled_image.ts";
import { startRealDocker } from "../support/real_docker.ts";
import { testWith } from "../support/real_parts.ts";
import { makeRealPodman } from "../support/real_podman.ts";
import { assertRefused } from "../support/refusal.ts";
import { runCli, startCliOnTerminal } from "../support/run_cli.ts";
import { runCommand } from "../support/run_command.ts";
import { writeShellProgram } from "../support/shell_program.ts";
import { makeTempDir } from "../support/temp_dir.ts";
import { startTestRegistry } from "../support/test_registry.ts";

const SYSTEM_PATH = Deno.env.get("PATH") ?? "";

testWith(["docker"], "save writes what docker holds, and push takes it from there", async () => {
  await using dir = await makeTempDir();
  await using out = await makeTempDir();
  await using docker = await startRealDocker();
  await docker.build("team/app:1", await writeBuildContext(dir));
  await docker.run(["tag", "team/app:1", "app:latest"]);

  const options = { env: docker.env, cwd: out.path };
  const saved = await runCli(["save", "team/app:1", "app", "--runtime", "docker"], options);
  assert.deepEqual([saved.code, saved.stdout], [0, "./team_app_1.tar\n./app_latest.tar\n"], saved.stderr);
  assert.deepEqual(await fileNames(out.path), ["app_latest.tar", "team_app_1.tar"]);

  await using registry = startTestRegistry();
  const pushed = await runCli(["push", out.join("team_app_1.tar"), "--registry", registry.host]);
  assert.equal(pushed.code, 0, pushed.stderr);
  const [{ Id, RootFS }] = JSON.parse(await docker.run(["inspect", "team/app:1"]));
  const { configDigest, layers } = await pullImage(registry, "team/app:1");
  assert.deepEqual([configDigest, layers], [Id, RootFS.Layers]);
});

testWith(["podman"], "save finds podman where there is no docker, and reports as JSON", async () => {
  await using dir = await makeTempDir();
  await using programs = await makeTempDir();
  await using out = await makeTempDir();
  await using podman = await makeRealPodman();
  await podman.run(["build", "--quiet", "--layers", "--tag", "app:1", await writeBuildContext(dir)]);
  const real = (await runCommand(["sh", "-c", "command -v podman"])).trim();
  await writeShellProgram(
    programs,
    "podman",
    `PATH='${SYSTEM_PATH}' exec ${real} ${podman.globalArgs.join(" ")} "$@"`,
  );

  const { code, stdout, stderr } = await runCli(
    ["save", "app:1", "--output-dir", out.path, "--json"],
    { env: { PATH: programs.path } },
  );
  assert.equal(code, 0, stderr);
  const { saved: [{ image, path, sizeBytes }] } = JSON.parse(stdout);
  assert.deepEqual([image, path], ["app:1", out.join("app_1.tar")]);
  assert.equal((await Deno.stat(path)).size, sizeBytes);
  const [{ RepoTags }] = JSON.parse(await runCommand(["tar", "-xOf", path, "manifest.json"]));
  assert.deepEqual(RepoTags, ["localhost/app:1"]);
});

Deno.test("save prints the files on stdout and nothing of their content", async () => {
  await using docker = await makeFakeDocker();
  await using out = await makeTempDir();
  const options = { env: docker.env, cwd: out.path };
  const result = await runCli(["save", "app:1", "web:2", "-q"], options);
  assert.deepEqual(result, { code: 0, stdout: "./app_1.tar\n./web_2.tar\n", stderr: "" });
  assert.equal(await Deno.readTextFile(out.join("app_1.tar")), "content");
});

Deno.test("save overwrites nothing without --force", async () => {
  await using docker = await makeFakeDocker();
  await using out = await makeTempDir();
  await Deno.writeTextFile(out.join("app_1.tar"), "mine");
  const options = { env: docker.env, cwd: out.path };
  assertRefused(await runCli(["save", "web:2", "app:1"], options), {
    code: 2,
    message: /Cannot write "\.\/app_1\.tar": it exists/,
    hint: /--force/,
  });
  assert.deepEqual(await fileNames(out.path), ["app_1.tar"]);
  assert.equal(await Deno.readTextFile(out.join("app_1.tar")), "mine");
  assert.equal((await runCli(["save", "app:1", "--force"], options)).code, 0);
  assert.equal(await Deno.readTextFile(out.join("app_1.tar")), "content");
});

Deno.test("save without images and without a terminal says how to name them", async () => {
  await using docker = await makeFakeDocker();
  assertRefused(await runCli(["save"], { env: docker.env }), {
    code: 2,
    message: /Cannot ask which images to save: there is no terminal/,
    hint: /Name the images/,
  });
});

testWith(["terminal"], "save without images asks which, on a terminal", async () => {
  await using docker = await makeFakeDocker();
  await using out = await makeTempDir();
  const options = { env: docker.env, cwd: out.path };
  await using process = await startCliOnTerminal(["save"], options);
  await process.stdout.waitFor(/Which images\?[^]*web:2 \(2\.86 MiB\)/);
  await process.type(" ");
  await process.stdout.waitFor(/◼|\[\+\]/);
  await process.type("\r");
  const { code, stdout } = await process.result;
  assert.equal(code, 0, stdout);
  assert.deepEqual(await fileNames(out.path), ["app_1.tar"]);
});

testWith(["terminal"], "a question that is left ends with 130 and gives the cursor back", async () => {
  await using docker = await makeFakeDocker();
  for (const key of ["\x03", "\x1b"]) {
    await using process = await startCliOnTerminal(["save"], { env: docker.env });
    await process.stdout.waitFor(/web:2[^]*confirm/);
    await process.type(key);
    const { code, stdout } = await process.result;
    assert.equal(code, 130, stdout);
    assert.match(stdout, /error:\S* Canceled at a question/);
    assert(stdout.lastIndexOf("\x1b[?25h") > stdout.lastIndexOf("\x1b[?25l"), JSON.stringify(stdout));
  }
});

Deno.test("save leaves nothing of an image whose save fails, and passes on what docker says", async () => {
  await using docker = await makeFakeDocker(
    "printf half; echo 'first line' >&2; echo 'Error: no space in daemon' >&2; exit 1",
  );
  await using out = await makeTempDir();
  const options = { env: docker.env, cwd: out.path };
  const result = await runCli(["save", "app:1"], options);
  assertRefused(result, {
    code: 3,
    message: /Cannot save "app:1": docker: Error: no space in daemon/,
    hint: /Solve this with docker itself/,
  });
  assert.match(result.stderr, /^ {2}first line\n {2}Error: no space in daemon\n/m);
  assert.deepEqual(await fileNames(out.path), []);
});

Deno.test("save says what it tried when there is no runtime", async () => {
  await using programs = await makeTempDir();
  const env = { PATH: programs.path };
  assertRefused(await runCli(["save", "app:1"], { env }), {
    code: 3,
    message: /docker: not installed; nerdctl: not installed; podman: not installed/,
    hint: /Install docker, nerdctl or podman and start it/,
  });
  assertRefused(await runCli(["save", "app:1", "--runtime", "podman"], { env }), {
    code: 3,
    message: /works: podman: not installed/,
    hint: /Install and start podman/,
  });
  await writeShellProgram(programs, "docker", "echo 'Cannot connect to the Docker daemon' >&2; exit 1");
  assertRefused(await runCli(["save", "app:1"], { env }), {
    code: 3,
    message: /docker: Cannot connect to the Docker daemon; nerdctl: not installed/,
    hint: /Install docker, nerdctl or podman and start it/,
  });
});

Deno.test("save says which image there is none of", async () => {
  await using docker = await makeFakeDocker();
  await using out = await makeTempDir();
  const options = { env: docker.env, cwd: out.path };
  assertRefused(await runCli(["save", "app:1", "nginx:9"], options), {
    code: 3,
    message: /Cannot save "nginx:9": docker has no such image/,
    hint: /Run "docker images" to see what there is/,
  });
  assert.deepEqual(await fileNames(out.path), []);
});

Deno.test("save writes into directories that are there only", async () => {
  await using docker = await makeFakeDocker();
  await using out = await makeTempDir();
  await Deno.writeTextFile(out.join("file"), "");
  const options = { env: docker.env, cwd: out.path };
  for (
    const [directory, reason] of [["none", /no such file or directory/], [
      "file",
      /it is not a directory/,
    ]] as const
  ) {
    assertRefused(await runCli(["save", "app:1", "--output-dir", directory], options), {
      code: 3,
      message: reason,
      hint: /Choose a place you can write/,
    });
  }
  assert.deepEqual(await fileNames(out.path), ["file"]);
});

for (
  const [what, mountOptions, message, hint] of [
    [
      "full",
      "size=64k",
      /Cannot write ".*\/app_1\.tar": no space left/,
      /Free space on that disk .*--output-dir/,
    ],
    ["read-only", "ro", /Cannot write ".*": .*read-only/i, /Choose a place you can write/],
  ] as const
) {
  testWith(["mount"], `save leaves nothing on a disk that is ${what}`, async () => {
    await using docker = await makeFakeDocker("head -c 1000000 /dev/zero");
    await using disk = await makeTempDir();
    await runCommand(["mount", "-t", "tmpfs", "-o", mountOptions, "tmpfs", disk.path]);
    try {
      const options = { env: docker.env };
      assertRefused(await runCli(["save", "app:1", "--output-dir", disk.path], options), {
        code: 3,
        message,
        hint,
      });
      assert.deepEqual(await fileNames(disk.path), []);
    } finally {
      await runCommand(["umount", disk.path]);
    }
  });
}
