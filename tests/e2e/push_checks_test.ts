import assert from "node:assert/strict";
import { makePushStage } from "../support/push_stage.ts";
import { meddle } from "../support/registry/connection_faults.ts";
import { type CliResult, runCli } from "../support/run_cli.ts";
import { makeTempDir } from "../support/temp_dir.ts";
import { startTestRegistry, type TestRegistry } from "../support/test_registry.ts";

const MIB = 2 ** 20;

/** Two images in two layers, pushed by one user. */
async function createPusher(): Promise<
  AsyncDisposable & { registry: TestRegistry; push(...options: string[]): Promise<CliResult> }
> {
  await using resources = new AsyncDisposableStack();
  const stage = resources.use(await makePushStage({ layerBytes: [MIB, 2 * MIB] }));
  const home = resources.use(await makeTempDir());
  const registry = resources.use(startTestRegistry());
  const held = resources.move();
  return {
    registry,
    push: (...options) => runCli(["push", stage.archivePath, ...options], { home }),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

Deno.test("push --dry-run says what push would do, blob by blob, and sends nothing", async () => {
  await using pusher = await createPusher();
  const { registry } = pusher;
  const targets = ["-t", `${registry.host}/app:1`, "-t", `${registry.host}/other:1`];
  const fresh = await pusher.push(...targets, "--dry-run");
  assert.equal(fresh.code, 0, fresh.stderr);
  assert.equal(fresh.stdout.match(/^ {2}upload {2}[0-9a-f]{12} {2}/mg)?.length, 3);
  assert.equal(fresh.stdout.match(/^ {2}mount {3}[0-9a-f]{12} {2}/mg)?.length, 3);
  assert.match(fresh.stderr, /^Would send 3\.00 MiB, 3\.00 MiB to mount; 0 B already there$/m);
  assert.ok(registry.requests.every(({ method }) => method === "GET" || method === "HEAD"));
  assert.equal((await pusher.push("-t", `${registry.host}/app:1`)).code, 0);
  const known = await pusher.push(...targets, "--dry-run", "--json");
  const { uploadBytes, mountBytes, existingBytes, images } = JSON.parse(known.stdout);
  assert.deepEqual([uploadBytes, mountBytes === existingBytes, images.length], [0, true, 2]);
  const elsewhere = await pusher.push("-t", `${registry.host}/third:1`, "--dry-run");
  assert.match(elsewhere.stderr, /^Would send 0 B, 3\.00 MiB to mount; 0 B already there$/m);
  const forced = await pusher.push("-t", `${registry.host}/app:1`, "--dry-run", "--force");
  assert.match(forced.stderr, /^Would send 3\.00 MiB; 0 B already there$/m);
});

Deno.test("push --verify fails with 7 when the registry does not hold what it took", async () => {
  await using pusher = await createPusher();
  const { registry } = pusher;
  const good = await pusher.push("-t", `${registry.host}/app:1`, "--verify");
  assert.equal(good.code, 0, good.stderr);
  const forget = meddle(() => registry.repository("bad").blobs.clear());
  registry.addFault({ on: { method: "HEAD", path: /bad\/manifests/ }, times: Infinity, do: forget });
  const bad = await pusher.push("-t", `${registry.host}/bad:1`, "--verify");
  assert.deepEqual([bad.code, bad.stdout], [7, ""], bad.stderr);
  assert.match(bad.stderr, /^error: Cannot verify "\S+\/bad:1": blob sha256:[0-9a-f]{64} is missing/m);
  const both = await pusher.push(
    "-t",
    `${registry.host}/app:1`,
    "-t",
    `${registry.host}/bad:1`,
    "--verify",
  );
  assert.equal(both.code, 9, both.stderr);
  assert.match(both.stdout, /^\S+\/app:1@sha256:[0-9a-f]{64}\n$/);
});

Deno.test("push --limit-rate holds all uploads together to a rate", async () => {
  await using pusher = await createPusher();
  const options = ["-t", `${pusher.registry.host}/app:1`, "--limit-rate", "2MiB", "--json"];
  const { code, stdout, stderr } = await pusher.push(...options);
  assert.equal(code, 0, stderr);
  // One and a half seconds, of which a part may be made up for.
  assert.ok(JSON.parse(stdout).durationMs >= 1_000, stdout);
});
