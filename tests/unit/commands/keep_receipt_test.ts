import assert from "node:assert/strict";
import { keepReceipt, type ReceiptOptions } from "../../../lib/commands/keep_receipt.ts";
import type { ReceiptResult } from "../../../lib/commands/receipt.ts";
import { isPusherError } from "../../../lib/errors.ts";
import { fileNames } from "../../support/file_names.ts";
import { makeTempDir } from "../../support/temp_dir.ts";
import { makeTestContext } from "../../support/test_context.ts";
import { blob, digest, TARGET } from "../transfer/progress/progress_events.ts";

const RESULT: ReceiptResult = {
  images: [{ reference: `${TARGET}:1\u202e`, digest: digest("f") }],
  failures: [],
};

function options(path: string | undefined): ReceiptOptions<ReceiptResult> {
  return { path, command: "push", resultOf: (result) => result };
}

Deno.test("keepReceipt() writes a file for its owner, harmless on a terminal, and hands events on", async () => {
  await using dir = await makeTempDir();
  const context = makeTestContext();
  const path = dir.join("ünï receipt.json");
  await Deno.writeTextFile(path, "an older one");
  const given = await keepReceipt(
    ({ onEvent }) => {
      onEvent(blob("a", 100).exists);
      return Promise.resolve(RESULT);
    },
    options(path),
    context,
  );
  assert.equal(given, RESULT);
  assert.deepEqual(context.events, [blob("a", 100).exists]);
  const text = await Deno.readTextFile(path);
  assert(!text.includes("\u202e"));
  const { outcome, images, totals } = JSON.parse(text);
  assert.deepEqual([outcome, images, totals.existingBytes], ["complete", RESULT.images, 100]);
  assert.deepEqual(await fileNames(dir.path), ["ünï receipt.json"]);
  if (Deno.build.os !== "windows") assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
});

Deno.test("keepReceipt() writes what came of a command that fails, and throws its error", async () => {
  await using dir = await makeTempDir();
  const error = new Error("no luck");
  const path = dir.join("receipt.json");
  const running = keepReceipt(() => Promise.reject(error), options(path), makeTestContext());
  await assert.rejects(running, error);
  const receipt = JSON.parse(await Deno.readTextFile(path));
  assert.deepEqual([receipt.outcome, receipt.error.message], ["failed", "no luck"]);
});

Deno.test("keepReceipt() finds out that it cannot write before anything is done", async () => {
  await using dir = await makeTempDir();
  let isRun = false;
  const running = keepReceipt(
    () => {
      isRun = true;
      return Promise.resolve(RESULT);
    },
    options(dir.join("nowhere/receipt.json")),
    makeTestContext(),
  );
  await assert.rejects(running, (error) => {
    assert(isPusherError(error, "OUTPUT_FAILED"));
    assert.match(error.message, /^Cannot write the receipt ".*nowhere\/receipt\.json": /);
    assert.match(error.hint!, /--receipt/);
    return true;
  });
  assert.equal(isRun, false);
});

Deno.test("keepReceipt() fails if the receipt cannot be kept, but never hides why the command failed", async () => {
  await using dir = await makeTempDir();
  const path = dir.join("out/receipt.json");
  const losing = async (result: () => Promise<ReceiptResult>): Promise<ReceiptResult> => {
    await Deno.remove(dir.join("out"), { recursive: true });
    return await result();
  };
  const run = async (result: () => Promise<ReceiptResult>): Promise<[unknown, string | undefined]> => {
    await Deno.mkdir(dir.join("out"));
    const context = makeTestContext();
    const error = await keepReceipt(() => losing(result), options(path), context).catch((error) => error);
    return [error, context.events.find(({ type }) => type === "warning")?.type];
  };
  const [failure] = await run(() => Promise.resolve(RESULT));
  assert(isPusherError(failure, "OUTPUT_FAILED"));
  const error = new Error("no luck");
  assert.deepEqual(await run(() => Promise.reject(error)), [error, "warning"]);
});
