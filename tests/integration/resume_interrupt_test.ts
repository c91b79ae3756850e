import assert from "node:assert/strict";
import { makePushStage } from "../support/push_stage.ts";
import { refuse } from "../support/registry/answer_faults.ts";
import { meddle, stall } from "../support/registry/connection_faults.ts";
import { type CliResult, runCli, startCli } from "../support/run_cli.ts";
import { makeTempDir, type TempDir } from "../support/temp_dir.ts";
import { startTestRegistry } from "../support/test_registry.ts";

const MIB = 2 ** 20;
const COMMAND_REGEXP = /To continue, run:\ndocker-image-pusher (push .*)\n/;

/** Runs the command that a push has printed to go on with. */
async function runPrinted({ stderr }: CliResult, home: TempDir): Promise<CliResult> {
  const words = COMMAND_REGEXP.exec(stderr)?.[1]?.split(" ");
  assert.ok(words, stderr);
  return await runCli(words, { home });
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`a push that is stopped by ${signal} prints the command that continues it`, async () => {
    await using stage = await makePushStage({ layerBytes: [5 * MIB] });
    await using home = await makeTempDir();
    await using registry = startTestRegistry();
    const reached = Promise.withResolvers<void>();
    const silence = registry.addFault({ on: "append", nth: 3, do: stall("before-body") });
    const notice = registry.addFault({ on: "append", nth: 3, do: meddle(() => reached.resolve()) });
    const args = ["push", stage.archivePath, "-t", `${registry.host}/app:1`, "--blob-chunk", "1MiB"];
    await using process = await startCli(args, { home });
    await reached.promise;
    const stoppedMs = performance.now();
    process.kill(signal);
    const stopped = await process.result;
    assert.ok(performance.now() - stoppedMs < 10_000, "promptly");
    assert.deepEqual([stopped.code, stopped.stdout], [130, ""], stopped.stderr);
    assert.match(stopped.stderr, /^3\.00 MiB of 5\.00 MiB are left, in 2 of 2 blobs\. To continue, run:$/m);
    assert.match(stopped.stderr, new RegExp(`^error: Stopped by ${signal}$`, "m"));
    assert.equal(registry.repository("app").tags.size, 0);
    silence.remove();
    notice.remove();
    const { code, stderr } = await runPrinted(stopped, home);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /continues at 2\.00 MiB/);
  });
}

Deno.test("a push that fails prints the command that continues it", async () => {
  await using stage = await makePushStage({ layerBytes: [5 * MIB] });
  await using home = await makeTempDir();
  await using registry = startTestRegistry();
  const refusal = registry.addFault({ on: "append", nth: 4, times: Infinity, do: refuse(403, "DENIED") });
  const args = ["push", stage.archivePath, "-t", `${registry.host}/app:1`, "--blob-chunk", "1MiB"];
  const failed = await runCli(args, { home });
  assert.equal(failed.code, 4, failed.stderr);
  assert.match(failed.stderr, /^2\.00 MiB of 5\.00 MiB are left, in 2 of 2 blobs\. To continue, run:$/m);
  refusal.remove();
  const { code, stderr } = await runPrinted(failed, home);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /continues at 3\.00 MiB/);
});

Deno.test("a push that fails at one of several registries prints the command that continues it there", async () => {
  await using stage = await makePushStage({ layerBytes: [5 * MIB] });
  await using home = await makeTempDir();
  await using first = startTestRegistry();
  await using second = startTestRegistry();
  const refusal = second.addFault({ on: "append", nth: 4, times: Infinity, do: refuse(403, "DENIED") });
  const targets = [first, second].flatMap(({ host }) => ["-t", `${host}/app:1`]);
  const failed = await runCli(["push", stage.archivePath, ...targets, "--blob-chunk", "1MiB"], { home });
  assert.equal(failed.code, 9, failed.stderr);
  assert.match(failed.stderr, /^2\.00 MiB of 10\.0 MiB are left, in 2 of 4 blobs\. To continue, run:$/m);
  refusal.remove();
  const { code, stdout, stderr } = await runPrinted(failed, home);
  assert.equal(code, 0, stderr);
  assert.equal(stdout.trimEnd().split("\n").length, 2);
  assert.match(stderr, /continues at 3\.00 MiB/);
});

Deno.test("a push that fails at several registries tells why at each, and prints the command", async () => {
  await using stage = await makePushStage({ layerBytes: [5 * MIB] });
  await using home = await makeTempDir();
  const faults = { on: "append", nth: 2, times: Infinity } as const;
  await using first = startTestRegistry({ faults: [{ ...faults, do: refuse(403, "DENIED") }] });
  await using second = startTestRegistry({ faults: [{ ...faults, do: refuse(400, "NAME_INVALID") }] });
  const targets = [first, second].flatMap(({ host }) => ["-t", `${host}/app:1`]);
  const args = ["push", stage.archivePath, ...targets, "--blob-chunk", "1MiB", "--progress", "none"];
  const { code, stderr } = await runCli(args, { home });
  assert.equal(code, 4, stderr);
  assert.match(stderr, new RegExp(`^error: .*${first.host}/app`, "m"));
  assert.match(stderr, new RegExp(`^warning: .*${second.host}/app.*NAME_INVALID`, "m"));
  assert.match(stderr, COMMAND_REGEXP);
});

Deno.test("a push with --force or --no-resume promises nothing that it cannot hold", async () => {
  await using stage = await makePushStage({ layerBytes: [5 * MIB] });
  await using registry = startTestRegistry();
  registry.addFault({ on: "append", nth: 2, times: Infinity, do: refuse(403, "DENIED") });
  for (const option of ["--force", "--no-resume"]) {
    const args = ["push", stage.archivePath, "-t", `${registry.host}/app:1`, "--blob-chunk", "1MiB", option];
    const { code, stderr } = await runCli(args);
    assert.equal(code, 4, stderr);
    assert.doesNotMatch(stderr, /To continue/);
  }
});
