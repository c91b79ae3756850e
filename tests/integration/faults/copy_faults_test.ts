import assert from "node:assert/strict";
import { type ErrorCode, isPusherError } from "../../../lib/errors.ts";
import type { Descriptor } from "../../../lib/spec/descriptor.ts";
import type { CopyOptions } from "../../../lib/commands/copy/copy.ts";
import { assertCopied, type CopyRun, runCopy } from "../../support/copy_stage.ts";
import { putImage } from "../../support/pull_stage.ts";
import { pullImage } from "../../support/pulled_image.ts";
import { layerBodies } from "../../support/push_stage.ts";
import { refuse, rewriteAnswer } from "../../support/registry/answer_faults.ts";
import { dropConnection, meddle } from "../../support/registry/connection_faults.ts";
import type { Fault } from "../../support/registry/fault.ts";
import { seededBytes } from "../../support/seeded_random.ts";
import { makeTempDir } from "../../support/temp_dir.ts";
import { startTestRegistry, type TestRegistry } from "../../support/test_registry.ts";

const MIB = 2 ** 20;
const LAYER_BYTES = 3.5 * MIB;

interface Ends {
  source: TestRegistry;
  target: TestRegistry;
  layer: Descriptor;
  /** Copies `app:1`, in parts of 1 MiB. */
  copy: (
    options?: Omit<Partial<CopyOptions>, "stateDir">,
    parts?: Parameters<typeof runCopy>[3],
  ) => Promise<CopyRun>;
}

/** Runs a test with an image of one layer at a source, and a target. */
async function between(test: (ends: Ends) => Promise<void>): Promise<void> {
  await using source = startTestRegistry();
  await using target = startTestRegistry();
  await using state = await makeTempDir();
  const { layers: [layer] } = putImage(source, "app:1", { layers: [seededBytes(LAYER_BYTES)] });
  const options = { stateDir: state.path, chunkSizeBytes: MIB };
  const copy: Ends["copy"] = (more, parts) =>
    runCopy(`${source.host}/app:1`, [`${target.host}/app`], { ...options, ...more }, parts);
  await test({ source, target, layer: layer!, copy });
}

const onLayer = (fault: Omit<Fault, "on" | "when">): Fault => ({
  on: "get-blob",
  when: ({ route, store }) => store.find("app")!.blobs.get(route.name as never)!.sizeBytes === LAYER_BYTES,
  ...fault,
});

function rangesOf({ source, layer }: Pick<Ends, "source" | "layer">): (string | null)[] {
  return source.requests.filter(({ kind, path }) => kind === "get-blob" && path.endsWith(layer.digest))
    .map(({ headers }) => headers.get("range"));
}

function assertFailed({ error }: CopyRun, code: ErrorCode, message: RegExp): void {
  assert.ok(isPusherError(error, code), String(error));
  assert.match(error.message, message);
}

Deno.test("copy goes on by a range where the source broke, while the upload goes on", async () => {
  await between(async ({ source, target, layer, copy }) => {
    source.addFault(onLayer({ times: 2, do: dropConnection({ afterAnswerBytes: 1.5 * MIB }) }));
    const run = await copy();
    assertCopied(run);
    const [whole, ...rest] = rangesOf({ source, layer });
    assert.equal(whole, null);
    assert.equal(rest.length, 2);
    assert.ok(rest.every((range) => /^bytes=[1-9]\d+-$/.test(range ?? "")), String(rest));
    assert.deepEqual(layerBodies(target), ["PATCH 1", "PATCH 1", "PATCH 1", "PATCH 0.5"]);
    assert.equal((await pullImage(target, "app:1")).layers.length, 1);
  });
});

Deno.test("copy that has to send again reads again from there", async () => {
  await between(async ({ source, target, layer, copy }) => {
    target.addFault({ on: "append", nth: 3, do: dropConnection({ afterBodyBytes: 1000 }) });
    assertCopied(await copy());
    const [whole, again, ...others] = rangesOf({ source, layer });
    assert.deepEqual([whole, others], [null, []]);
    const from = Number(/^bytes=(\d+)-$/.exec(again ?? "")?.[1]);
    assert.ok(from >= 2 * MIB && from < 3 * MIB, String(again));
    await pullImage(target, "app:1");
  });
});

Deno.test("copy of what is not what its digest says sets no tag, and blames the source", async () => {
  await between(async ({ source, target, copy }) => {
    source.addFault(onLayer({
      times: Infinity,
      do: rewriteAnswer((answer) => ({ ...answer, body: new Uint8Array(LAYER_BYTES) })),
    }));
    const run = await copy();
    assertFailed(run, "DIGEST_MISMATCH", new RegExp(`of "${source.host}/app": its content is sha256:`));
    assert.equal(target.repository("app").tags.size, 0);
    assert.equal(target.repository("app").uploads.size, 0);
  });
});

Deno.test("copy takes what the source refuses for no answer of the destination", async () => {
  await between(async ({ source, target, copy }) => {
    for (const status of [404, 413, 405]) {
      const fault = source.addFault(onLayer({ times: Infinity, do: refuse(status, "BLOB_UNKNOWN") }));
      const run = await copy();
      assertFailed(
        run,
        "REGISTRY_REJECTED",
        new RegExp(`Cannot read blob .* of "${source.host}/app".* ${status}`),
      );
      assert.equal(fault.strikes, 1);
      fault.remove();
    }
    // Had the destination been blamed, it would get no parts now.
    assertCopied(await copy());
    assert.deepEqual(layerBodies(target).slice(-4), ["PATCH 1", "PATCH 1", "PATCH 1", "PATCH 0.5"]);
  });
});

Deno.test("copy that was stopped goes on, with the upload and at the source, from where it was", async () => {
  await between(async ({ source, target, layer, copy }) => {
    const stop = new AbortController();
    target.addFault({ on: "append", nth: 3, do: meddle(() => stop.abort(new Error("stopped"))) });
    const stopped = await copy({}, { signal: stop.signal });
    assert.equal(stopped.report, undefined);
    const before = rangesOf({ source, layer }).length;
    const run = await copy();
    assertCopied(run);
    assert.ok(run.report!.resumedBytes >= 2 * MIB);
    const [range, ...others] = rangesOf({ source, layer }).slice(before);
    assert.match(range ?? "", /^bytes=[1-9]\d+-$/);
    assert.deepEqual(others, []);
    await pullImage(target, "app:1");
  });
});

Deno.test("copy to a registry that fails goes through at the others", async () => {
  await using source = startTestRegistry();
  await using good = startTestRegistry();
  await using bad = startTestRegistry({
    faults: [{ on: "start-upload", times: Infinity, do: refuse(403, "DENIED") }],
  });
  await using state = await makeTempDir();
  putImage(source, "app:1");
  putImage(source, "app:2");
  const to = [bad, good].map(({ host }) => `${host}/app`);
  const { report } = await runCopy(`${source.host}/app:*`, to, { stateDir: state.path });
  assert.deepEqual(report?.copied.map(({ reference }) => reference), [
    `${good.host}/app:1`,
    `${good.host}/app:2`,
  ]);
  assert.deepEqual(report?.failures.map(({ reference }) => reference), [
    `${bad.host}/app:1`,
    `${bad.host}/app:2`,
  ]);
});

Deno.test("copy passes over a tag of a pattern that cannot be read", async () => {
  await using source = startTestRegistry();
  await using target = startTestRegistry();
  await using state = await makeTempDir();
  putImage(source, "app:1");
  source.repository("app").tags.set("0", `sha256:${"0".repeat(64)}` as never);
  const { report } = await runCopy(`${source.host}/app:*`, [`${target.host}/app`], { stateDir: state.path });
  assert.deepEqual(report?.copied.map(({ reference }) => reference), [`${target.host}/app:1`]);
  assert.ok(isPusherError(report?.failures[0]?.error, "IMAGE_NOT_FOUND"));
});

Deno.test("copy logs in at both ends, renews tokens, and may read where it mounts from", async () => {
  await using state = await makeTempDir();
  const users = { ann: "pw", bob: "pw" };
  const auth = { type: "bearer", users } as const;
  await using source = startTestRegistry({ auth });
  await using target = startTestRegistry({ auth });
  putImage(source, "app:1", { layers: [seededBytes(LAYER_BYTES)] });
  const login = (user: string): object => ({ auth: btoa(`${user}:pw`) });
  const env = {
    DOCKER_AUTH_CONFIG: JSON.stringify({
      auths: { [source.host]: login("ann"), [target.host]: login("bob") },
    }),
  };
  source.addFault({ on: "get-blob", nth: 2, do: meddle(() => source.revokeTokens()) });
  target.addFault({ on: "append", nth: 2, do: meddle(() => target.revokeTokens()) });
  const options = { stateDir: state.path, chunkSizeBytes: MIB };
  const to = [`${target.host}/app`, `${source.host}/mounted`];
  const report = assertCopied(await runCopy(`${source.host}/app:1`, to, options, { env }));
  assert.equal(report.copied.length, 2);
  assert.ok(report.mountedBytes > LAYER_BYTES);
});
