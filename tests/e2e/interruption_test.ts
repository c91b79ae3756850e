import assert from "node:assert/strict";
import { makeFakeDocker } from "../support/fake_docker.ts";
import { fileNames } from "../support/file_names.ts";
import type { Behaviour } from "../support/registry/fault.ts";
import { stall } from "../support/registry/connection_faults.ts";
import { type CliResult, startCli } from "../support/run_cli.ts";
import { makeTempDir } from "../support/temp_dir.ts";
import { startTestRegistry, type TestRegistry } from "../support/test_registry.ts";

const ARCHIVE = new URL("../fixtures/archives/docker2010-one.tar", import.meta.url).pathname;

/** Far less than any timeout of ours, far more than a busy machine needs. */
const PROMPT_MS = 10_000;

const SIGNALS: readonly Deno.Signal[] = ["SIGINT", "SIGTERM"];

/** A registry that goes silent at the first request of a kind, and tells when it does. */
function startSilentRegistry(
  on: "ping" | "append" | "put-manifest",
): { registry: TestRegistry; reached: Promise<void> } {
  const { promise: reached, resolve } = Promise.withResolvers<void>();
  const goSilent: Behaviour = (exchange, next) => {
    resolve();
    return stall("before-body")(exchange, next);
  };
  const kinds = on === "append" ? ["append", "commit"] as const : on;
  return { registry: startTestRegistry({ faults: [{ on: kinds, times: Infinity, do: goSilent }] }), reached };
}

async function stopDuring(
  on: "ping" | "append" | "put-manifest",
  signal: Deno.Signal,
): Promise<{ result: CliResult; registry: TestRegistry }> {
  const { registry, reached } = startSilentRegistry(on);
  await using process = await startCli(["push", ARCHIVE, "-t", `${registry.host}/team/app:1`]);
  await reached;
  const stoppedAt = performance.now();
  process.kill(signal);
  const result = await process.result;
  assert(performance.now() - stoppedAt < PROMPT_MS);
  return { result, registry };
}

for (const signal of SIGNALS) {
  for (const on of ["ping", "append", "put-manifest"] as const) {
    Deno.test(`push ends promptly with 130 and without a tag on ${signal} during ${on}`, async () => {
      const { result: { code, stdout, stderr }, registry } = await stopDuring(on, signal);
      await using _ = registry;
      assert.deepEqual([code, stdout], [130, ""], stderr);
      assert.match(stderr, new RegExp(`^error: Stopped by ${signal}\n`, "m"));
      assert.equal(registry.repository("team/app").tags.size, 0);
    });
  }

  Deno.test(`save leaves no file behind on ${signal}`, async () => {
    await using docker = await makeFakeDocker("head -c 100000 /dev/zero; exec sleep 600");
    await using out = await makeTempDir();
    const options = { env: docker.env, cwd: out.path };
    await using process = await startCli(["save", "app:1", "--progress", "json"], options);
    await process.stderr.waitFor(/"save:bytes"/);
    const stoppedAt = performance.now();
    process.kill(signal);
    const { code, stdout } = await process.result;
    assert(performance.now() - stoppedAt < PROMPT_MS);
    assert.deepEqual([code, stdout], [130, ""]);
    assert.deepEqual(await fileNames(out.path), []);
  });
}

Deno.test("push ends in order when its terminal is closed", async () => {
  const { result: { code, stderr }, registry } = await stopDuring("append", "SIGHUP");
  await using _ = registry;
  assert.equal(code, 130, stderr);
  assert.match(stderr, /^error: Stopped by SIGHUP\n/m);
});

Deno.test("push ends with 130 at two signals in a row", async () => {
  const { registry, reached } = startSilentRegistry("append");
  await using _ = registry;
  await using process = await startCli(["push", ARCHIVE, "-t", `${registry.host}/team/app:1`]);
  await reached;
  process.kill("SIGINT");
  process.kill("SIGINT");
  assert.equal((await process.result).code, 130);
  assert.equal(registry.repository("team/app").tags.size, 0);
});
