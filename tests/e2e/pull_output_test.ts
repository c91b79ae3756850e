import assert from "node:assert/strict";
import { mountBadDisk } from "../support/bad_disk.ts";
import { fileNames } from "../support/file_names.ts";
import { putImage } from "../support/pull_stage.ts";
import { testWith } from "../support/real_parts.ts";
import { assertRefused } from "../support/refusal.ts";
import { runCli, startCli } from "../support/run_cli.ts";
import { seededBytes } from "../support/seeded_random.ts";
import { makeTempDir } from "../support/temp_dir.ts";
import { startTestRegistry } from "../support/test_registry.ts";

const MIB = 2 ** 20;

testWith(["mount"], "pull says when the disk is full, or cannot be written", async () => {
  await using registry = startTestRegistry();
  putImage(registry, "app:1", { layers: [seededBytes(MIB)] });
  await using full = await mountBadDisk("full");
  const names = await fileNames(full.path);
  assertRefused(await runCli(["pull", `${registry.host}/app:1`, "-o", `${full.path}/app.tar`, "-q"]), {
    code: 3,
    message: /Cannot write ".*app\.tar": no space left on device/,
    hint: /Free space on that disk.*or choose another one with --output/,
  });
  assert.deepEqual(await fileNames(full.path), names);
  await using readOnly = await mountBadDisk("read-only");
  assertRefused(await runCli(["pull", `${registry.host}/app:1`, "-o", `${readOnly.path}/app.tar`, "-q"]), {
    code: 3,
    message: /Cannot write ".*app\.tar": read-only file system/,
    hint: /--output/,
  });
});

Deno.test("pull refuses what it cannot write to or understand, before it asks a registry", async () => {
  await using dir = await makeTempDir();
  const reference = "registry.invalid/app:1";
  const cases: [args: string[], code: number, message: RegExp][] = [
    [[reference, "-o", dir.path, "--force"], 3, /it is a directory/],
    [[reference, "-o", dir.join("new/")], 3, /it is a directory/],
    [[reference, "-o", ""], 3, /Cannot write "": it names no file/],
    [[reference, reference.replace("app", "other")], 2, /Cannot choose a name for an archive of 2 images/],
    [[reference, "-o", "-", "--json"], 2, /Cannot write both the archive and a report/],
    [[reference, "-o", "/dev/stdout", "--json"], 2, /Cannot write both the archive and a report/],
    [["r.example/App:1"], 2, /as an image reference/],
  ];
  for (const [args, code, message] of cases) {
    const { stderr, ...result } = await runCli(["pull", ...args]);
    if (args.includes("--json")) assert.match(stderr, message);
    else assertRefused({ stderr, ...result }, { code, message, hint: /./ });
  }
});

Deno.test("pull names the platform that it does not understand", async () => {
  await using registry = startTestRegistry();
  putImage(registry, "app:1");
  assertRefused(await runCli(["pull", `${registry.host}/app:1`, "--platform", "amd64"]), {
    code: 2,
    message: /Cannot use --platform "amd64"/,
    hint: /linux\/amd64/,
  });
});

testWith(["terminal"], "pull ends quietly when what it is piped to ends", async () => {
  await using registry = startTestRegistry();
  putImage(registry, "app:1", { layers: [seededBytes(8 * MIB)] });
  await using dir = await makeTempDir();
  const main = new URL("../../main.ts", import.meta.url).pathname;
  const pull =
    `"${Deno.execPath()}" run -A -q "${main}" pull ${registry.host}/app:1 -o - -q --platform linux/amd64`;
  const script = `(${pull} --state-dir "${dir.path}"; echo "exit $?" >&2) | head -c 1000 | wc -c`;
  const { code, stdout, stderr } = await new Deno.Command("sh", { args: ["-c", script] }).output();
  assert.equal(code, 0);
  assert.equal(new TextDecoder().decode(stdout).trim(), "1000");
  assert.equal(new TextDecoder().decode(stderr), "exit 0\n");
});

Deno.test("pull is stopped by a signal, says what is kept, and goes on with it", async () => {
  await using registry = startTestRegistry();
  await using dir = await makeTempDir();
  putImage(registry, "app:1", { layers: [seededBytes(MIB), seededBytes(MIB, 2)] });
  const hang = Promise.withResolvers<void>();
  registry.addFault({
    on: "get-blob",
    nth: 3,
    do: async (_, next) => {
      await hang.promise;
      return await next();
    },
  });
  const args = ["pull", `${registry.host}/app:1`, "-o", dir.join("app.tar"), "--platform", "linux/amd64"];
  await using stopped = await startCli(args);
  await registry.waitForRequest("get-blob", 3);
  stopped.kill("SIGTERM");
  const { code, stdout, stderr } = await stopped.result;
  hang.resolve();
  assert.equal(code, 130, stderr);
  assert.equal(stdout, "");
  assert.match(stderr, /What arrived is kept in .*\.partial: the same command goes on from there/);
  const { code: again, stderr: told } = await runCli(args);
  assert.equal(again, 0, told);
  assert.match(told, /already there \(1\.00 MiB\)/);
  assert.match(told, /received \(1\.00 MiB\)/);
  assert.deepEqual(await fileNames(dir.path), ["app.tar"]);
});
