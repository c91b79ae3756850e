import assert from "node:assert/strict";
import { verifyArchives } from "../../lib/commands/verify/verify_archives.ts";
import { verifyTargets } from "../../lib/commands/verify/verify_targets.ts";
import { push } from "../../lib/commands/push/push.ts";
import type { Receipt } from "../../lib/commands/receipt.ts";
import { dockerSaveMembers, tarBytes } from "../support/archives.ts";
import { assertCopied, runCopy } from "../support/copy_stage.ts";
import { putImage } from "../support/pull_stage.ts";
import { refuse } from "../support/registry/answer_faults.ts";
import { seededBytes } from "../support/seeded_random.ts";
import { makeTempDir } from "../support/temp_dir.ts";
import { makeTestContext } from "../support/test_context.ts";
import { startTestRegistry } from "../support/test_registry.ts";

async function readReceipt(path: string): Promise<Receipt> {
  return JSON.parse(await Deno.readTextFile(path));
}

Deno.test("push() keeps a receipt of what it pushed, and of what it could not", async () => {
  await using dir = await makeTempDir();
  await using registry = startTestRegistry();
  const path = dir.join("app.tar");
  await Deno.writeFile(
    path,
    tarBytes(await dockerSaveMembers([{ tags: ["app:1"], layers: [seededBytes(1000)] }])),
  );
  const receipt = dir.join("receipt.json");
  const options = { archives: [path], stateDir: dir.join("state"), receipt };
  const report = await push({ ...options, targets: [`${registry.host}/team/app:1`] }, makeTestContext());
  const complete = await readReceipt(receipt);
  assert.deepEqual([complete.command, complete.outcome, complete.failures], ["push", "complete", []]);
  assert.equal(complete.images[0]?.digest, report.pushed[0]?.digest);
  assert.equal(complete.archives[0]?.path, path);
  assert.equal(complete.totals.sentBytes, report.sentBytes);

  registry.addFault({ on: "put-manifest", times: Infinity, do: refuse(403, "DENIED") });
  const target = `${registry.host}/team/app:2`;
  await assert.rejects(push({ ...options, targets: [target] }, makeTestContext()));
  const failed = await readReceipt(receipt);
  assert.deepEqual([failed.outcome, failed.images], ["failed", []]);
  assert.deepEqual(failed.failures.map(({ reference, error }) => [reference, error.code]), [
    [target, "AUTH_DENIED"],
  ]);
});

Deno.test("copy() keeps a receipt of what it copied, of what was there, and of what it could not copy", async () => {
  await using dir = await makeTempDir();
  await using source = startTestRegistry();
  await using target = startTestRegistry();
  const { manifest } = putImage(source, "app:1", { layers: [seededBytes(1000)] });
  const receipt = dir.join("receipt.json");
  const options = { stateDir: dir.join("state"), receipt };
  const from = `${source.host}/app:1`;
  const to = `${target.host}/app:1`;
  for (const sent of ["sent", "there already"]) {
    const run = await runCopy(from, [to], options);
    const { sentBytes } = assertCopied(run);
    const { command, outcome, images, totals } = await readReceipt(receipt);
    assert.deepEqual([command, outcome], ["copy", "complete"], sent);
    assert.deepEqual(images, [{ source: from, reference: to, digest: manifest.digest }], sent);
    assert.equal(totals.sentBytes, sentBytes, sent);
    const plans = run.events.filter((event) => event.type === "plan:ready");
    assert.deepEqual(plans.map(({ isCopy }) => isCopy), sent === "sent" ? [true] : []);
  }
  await runCopy(`${source.host}/app:missing`, [to], options);
  const { outcome, failures } = await readReceipt(receipt);
  assert.deepEqual([outcome, failures.map(({ reference }) => reference)], ["failed", [to]]);
});

Deno.test("verify keeps a receipt of what registries hold, and of what is wrong with it", async () => {
  await using dir = await makeTempDir();
  await using registry = startTestRegistry();
  const path = dir.join("app.tar");
  const layers = [seededBytes(1000)];
  await Deno.writeFile(path, tarBytes(await dockerSaveMembers([{ tags: ["app:1"], layers }])));
  const receipt = dir.join("receipt.json");
  const options = { archives: [path], stateDir: dir.join("state"), receipt };
  const targets = ["1", "2"].map((tag) => `${registry.host}/app:${tag}`);
  const { pushed: [first] } = await push({ ...options, targets: [targets[0]!] }, makeTestContext());

  await verifyTargets({ ...options, targets, deep: true }, makeTestContext());
  const found = await readReceipt(receipt);
  assert.deepEqual([found.command, found.outcome, found.isDeep], ["verify", "partial", true]);
  assert.equal(found.archives[0]?.path, path);
  assert.deepEqual(found.images, [{ reference: targets[0], digest: first!.digest }]);
  assert.deepEqual(found.failures, [{
    reference: targets[1],
    error: {
      code: "DIGEST_MISMATCH",
      message: `Cannot verify "${targets[1]}": 1 of its parts is missing or different`,
    },
    faults: [{ part: "tag", problem: "missing", expected: first!.digest }],
  }]);
  assert.equal(found.totals.retries, 0);

  await Deno.truncate(path, 900);
  await verifyArchives({ archives: [path], receipt }, makeTestContext());
  const damaged = await readReceipt(receipt);
  assert.deepEqual([damaged.outcome, damaged.images], ["failed", []]);
  assert.deepEqual(damaged.failures.map(({ reference, error }) => [reference, error.code]), [
    [path, "ARCHIVE_CORRUPT"],
  ]);
});
