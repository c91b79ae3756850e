import assert from "node:assert/strict";
import { makePushStage } from "../support/push_stage.ts";
import { refuse } from "../support/registry/answer_faults.ts";
import { meddle, stall } from "../support/registry/connection_faults.ts";
import { runCli, startCli } from "../support/run_cli.ts";
import { makeTempDir } from "../support/temp_dir.ts";
import { startTestRegistry } from "../support/test_registry.ts";

const MIB = 2 ** 20;

/** What is said when so much is there. */
function remainder(mib: string): RegExp {
  return new RegExp(
    `^0 of 2 blobs are there \\(${mib} MiB of 5\\.00 MiB\\); run the same command again to continue\\.$`,
    "m",
  );
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`a push that is stopped by ${signal} says how to continue, and is continued`, async () => {
    await using stage = await makePushStage({ layerBytes: [5 * MIB] });
    await using home = await makeTempDir();
    await using registry = startTestRegistry();
    const reached = Promise.withResolvers<void>();
    const silence = registry.addFault({ on: "append", nth: 3, do: stall("before-body") });
    const notice = registry.addFault({ on: "append", nth: 3, do: meddle(() => reached.resolve()) });
    const args = ["push", stage.archivePath, "-t", `${registry.host}/app:1`, "--blob-chunk", "1MiB"];
    {
      await using process = await startCli(args, { home });
      await reached.promise;
      const stoppedMs = performance.now();
      process.kill(signal);
      const { code, stdout, stderr } = await process.result;
      assert.ok(performance.now() - stoppedMs < 10_000, "promptly");
      assert.deepEqual([code, stdout], [130, ""], stderr);
      assert.match(stderr, remainder("2\\.00"));
      assert.match(stderr, new RegExp(`^error: Stopped by ${signal}$`, "m"));
      assert.equal(registry.repository("app").tags.size, 0);
    }
    silence.remove();
    notice.remove();
    const { code, stderr } = await runCli(args, { home });
    assert.equal(code, 0, stderr);
    assert.match(stderr, /continues at 2\.00 MiB/);
  });
}

Deno.test("a push that fails says what is there and how to continue, and is continued", async () => {
  await using stage = await makePushStage({ layerBytes: [5 * MIB] });
  await using home = await makeTempDir();
  await using registry = startTestRegistry();
  const refusal = registry.addFault({ on: "append", nth: 4, times: Infinity, do: refuse(403, "DENIED") });
  const args = ["push", stage.archivePath, "-t", `${registry.host}/app:1`, "--blob-chunk", "1MiB"];
  const failed = await runCli(args, { home });
  assert.equal(failed.code, 4, failed.stderr);
  assert.match(failed.stderr, remainder("3\\.00"));
  refusal.remove();
  const { code, stderr } = await runCli(args, { home });
  assert.equal(code, 0, stderr);
  assert.match(stderr, /continues at 3\.00 MiB/);
});

Deno.test("a push with --force or --no-resume promises nothing that it cannot hold", async () => {
  await using stage = await makePushStage({ layerBytes: [5 * MIB] });
  await using registry = startTestRegistry();
  registry.addFault({ on: "append", nth: 2, times: Infinity, do: refuse(403, "DENIED") });
  for (const option of ["--force", "--no-resume"]) {
    const args = ["push", stage.archivePath, "-t", `${registry.host}/app:1`, "--blob-chunk", "1MiB", option];
    const { code, stderr } = await runCli(args);
    assert.equal(code, 4, stderr);
    assert.doesNotMatch(stderr, /run the same command again/);
  }
});
