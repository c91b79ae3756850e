import assert from "node:assert/strict";
import { type ErrorCode, isPusherError } from "../../../lib/errors.ts";
import { MEDIA_TYPE } from "../../../lib/spec/media_type.ts";
import { assertFiles, type PullRun, putImage, putIndex, runPull } from "../../support/pull_stage.ts";
import {
  answerWith,
  htmlPage,
  redirectTo,
  refuse,
  rewriteAnswer,
  withHeader,
} from "../../support/registry/answer_faults.ts";
import { dropConnection } from "../../support/registry/connection_faults.ts";
import type { Fault } from "../../support/registry/fault.ts";
import type { HttpAnswer } from "../../support/registry/http_message.ts";
import { seededBytes } from "../../support/seeded_random.ts";
import { makeTempDir } from "../../support/temp_dir.ts";
import { startTestRegistry, type TestRegistry } from "../../support/test_registry.ts";

const KIB = 2 ** 10;
const LAYER_BYTES = 300 * KIB;

interface Outcome {
  run: PullRun;
  registry: TestRegistry;
}

/** Pulls an image of one layer from a registry with faults, and checks that a file is there only if all went well. */
async function pullWith(faults: readonly Fault[], parts: { suffix?: string } = {}): Promise<Outcome> {
  await using registry = startTestRegistry();
  await using dir = await makeTempDir();
  putImage(registry, "app:1", { layers: [seededBytes(LAYER_BYTES)] });
  for (const fault of faults) registry.addFault(fault);
  await Deno.mkdir(dir.join("out"));
  const options = { output: dir.join("out/app.tar"), stateDir: dir.join("state") };
  const run = await runPull([`${registry.host}/app${parts.suffix ?? ":1"}`], options);
  const names = (await Array.fromAsync(Deno.readDir(dir.join("out")))).map(({ name }) => name);
  assert.equal(names.includes("app.tar"), run.report !== undefined);
  return { run, registry };
}

function assertFailed({ error }: PullRun, code: ErrorCode, message: RegExp): void {
  assert.ok(isPusherError(error, code), String(error));
  assert.match(error.message, message);
  assert.ok(error.hint);
}

/** Faults of the layer only: the config is smaller. */
const onLayer = (fault: Omit<Fault, "on" | "when">, times = 100): Fault => ({
  on: "get-blob",
  when: ({ route, store }) => store.find("app")!.blobs.get(route.name as never)!.sizeBytes === LAYER_BYTES,
  times,
  ...fault,
});

const cutBody = (sizeBytes: number): Fault["do"] =>
  rewriteAnswer((answer) => ({ ...answer, body: bodyOf(answer).subarray(0, sizeBytes) }));

function bodyOf({ body }: HttpAnswer): Uint8Array {
  assert.ok(Array.isArray(body) || body instanceof Uint8Array);
  return body instanceof Uint8Array ? body : body[0];
}

Deno.test("pull goes on by a range where a connection broke", async () => {
  const { run, registry } = await pullWith([
    onLayer({ do: dropConnection({ afterAnswerBytes: 100 * KIB }) }, 2),
  ]);
  assert.equal(run.error, undefined);
  const ranges = registry.requests.filter(({ kind }) => kind === "get-blob").map(({ headers }) =>
    headers.get("range")
  );
  assert.equal(ranges.length, 4);
  assert.ok(ranges.slice(2).every((range) => /^bytes=[1-9]\d+-$/.test(range ?? "")), String(ranges));
  assert.equal(run.events.filter(({ type }) => type === "blob:retry").length, 2);
});

Deno.test("pull drops what it has where a registry ignores the range", async () => {
  const { run, registry } = await pullWith([
    onLayer({ do: dropConnection({ afterAnswerBytes: 100 * KIB }) }, 1),
    onLayer({
      nth: 2,
      do: (exchange, next) => {
        exchange.request.headers.delete("range");
        return next();
      },
    }),
  ]);
  assert.equal(run.error, undefined);
  const answers = registry.requests.filter(({ kind }) => kind === "get-blob").map(({ status }) => status);
  assert.deepEqual(answers, [200, 200, 200]);
});

Deno.test("pull gives up on a blob that breaks at the same place again and again", async () => {
  const { run } = await pullWith([onLayer({ do: dropConnection({ afterAnswerBytes: 0 }) })]);
  assertFailed(run, "NETWORK", /connection broke/);
  assert.equal(run.events.filter(({ type }) => type === "blob:failed").length, 1);
});

Deno.test("pull refuses a blob that is cut, too long or another one", async () => {
  const short = await pullWith([onLayer({ do: cutBody(1000) })]);
  assertFailed(short.run, "DIGEST_MISMATCH", /should have 307200 bytes, but the registry has 1000 bytes/);
  const long = await pullWith([
    onLayer({ do: rewriteAnswer((answer) => ({ ...answer, body: [bodyOf(answer), new Uint8Array(1)] })) }),
  ]);
  assertFailed(long.run, "DIGEST_MISMATCH", /should have 307200 bytes, but the registry has 307201 bytes/);
  const other = await pullWith([
    onLayer({ do: rewriteAnswer((answer) => ({ ...answer, body: new Uint8Array(LAYER_BYTES) })) }),
  ]);
  assertFailed(other.run, "DIGEST_MISMATCH", /its content is sha256:/);
});

Deno.test("pull keeps nothing of a blob whose content is wrong, and no file without blobs", async () => {
  await using registry = startTestRegistry();
  await using dir = await makeTempDir();
  putImage(registry, "app:1", { layers: ["good", seededBytes(LAYER_BYTES)] });
  const options = { output: dir.join("out/app.tar"), stateDir: dir.join("state") };
  await Deno.mkdir(dir.join("out"));
  const other: Fault["do"] = rewriteAnswer((answer) => ({ ...answer, body: new Uint8Array(LAYER_BYTES) }));
  registry.addFault(onLayer({ do: other }, 1));
  assertFailed(await runPull([`${registry.host}/app:1`], options), "DIGEST_MISMATCH", /its content is/);
  const again = await runPull([`${registry.host}/app:1`], options);
  assert.equal(again.error, undefined);
  const [last] = registry.requests.slice(-1);
  assert.deepEqual([last?.kind, last?.headers.get("range")], ["get-blob", null]);
  registry.addFault({ on: "get-blob", do: refuse(404, "BLOB_UNKNOWN") });
  putImage(registry, "app:2", { layers: ["bad"] });
  const none = await runPull([`${registry.host}/app:2`], { ...options, output: dir.join("out/none.tar") });
  assertFailed(none, "REGISTRY_REJECTED", /404/);
  assert.ok(!none.events.some((event) => event.type === "notice"));
  await assertFiles(dir.join("out"), ["app.tar"]);
});

Deno.test("pull asks for all of a blob where it gets another part than it asked for, or none", async () => {
  for (
    const fault of [withHeader("Content-Range", `bytes 0-9/${LAYER_BYTES}`), refuse(416, "SIZE_INVALID")]
  ) {
    const { run, registry } = await pullWith([
      onLayer({ do: dropConnection({ afterAnswerBytes: 100 * KIB }) }, 1),
      onLayer({ nth: 2, do: fault }, 1),
    ]);
    assert.equal(run.error, undefined);
    const ranges = registry.requests.filter(({ kind }) => kind === "get-blob").map(({ headers }) =>
      headers.get("range") !== null
    );
    assert.deepEqual(ranges, [false, false, true, false]);
  }
});

Deno.test("pull tells a web page from a blob and from a manifest", async () => {
  const blob = await pullWith([onLayer({ do: answerWith(htmlPage(200, "Sign in")) })]);
  assertFailed(blob.run, "REGISTRY_UNSUPPORTED", /the answer is a web page/);
  const manifest = await pullWith([{ on: "get-manifest", do: answerWith(htmlPage(200, "Sign in")) }]);
  assertFailed(manifest.run, "REGISTRY_UNSUPPORTED", /the answer is a web page, not a manifest/);
});

Deno.test("pull follows redirects, and not in circles", async () => {
  const once = await pullWith([
    onLayer({ do: redirectTo(({ route, origin }) => `${origin}/v2/app/blobs/${route.name}?signed`) }, 1),
  ]);
  assert.equal(once.run.error, undefined);
  const circle = await pullWith([onLayer({ do: redirectTo(({ route }) => `/v2/app/blobs/${route.name}`) })]);
  assertFailed(circle.run, "REGISTRY_UNSUPPORTED", /redirects more than 10 times/);
});

Deno.test("pull by digest refuses another manifest", async () => {
  const digest = `sha256:${"0".repeat(64)}`;
  const { run } = await pullWith([{
    on: "get-manifest",
    do: answerWith({ status: 200, headers: { "Content-Type": MEDIA_TYPE.ociManifest }, body: "{}" }),
  }], { suffix: `@${digest}` });
  assertFailed(run, "DIGEST_MISMATCH", /the registry sent another manifest/);
});

Deno.test("pull understands a manifest whose type nobody names", async () => {
  for (const type of ["text/plain", undefined]) {
    const { run } = await pullWith([{ on: "get-manifest", do: withHeader("Content-Type", type) }]);
    assert.equal(run.error, undefined);
    assert.equal(run.report?.images[0]?.mediaType, MEDIA_TYPE.ociManifest);
  }
});

Deno.test("pull says which image, platform or blob is not there", async () => {
  const missing = await pullWith([], { suffix: ":2" });
  assertFailed(missing.run, "IMAGE_NOT_FOUND", /Cannot find ".*\/app:2": the registry has no such image/);
  const blob = await pullWith([onLayer({ do: refuse(404, "BLOB_UNKNOWN") })]);
  assertFailed(blob.run, "REGISTRY_REJECTED", /BLOB_UNKNOWN/);
  await using registry = startTestRegistry();
  await using dir = await makeTempDir();
  putIndex(registry, "app:1");
  const run = await runPull([`${registry.host}/app:1`], {
    output: dir.join("app.tar"),
    stateDir: dir.join("state"),
    platforms: ["linux/s390x"],
  });
  assertFailed(run, "IMAGE_NOT_FOUND", /Cannot find linux\/s390x in/);
  assert.match(isPusherError(run.error) ? run.error.hint! : "", /linux\/amd64, linux\/arm64/);
  await assertFiles(dir.path, []);
});

Deno.test("pull waits as it is asked to, and asks again", async () => {
  const { run } = await pullWith([
    onLayer({ do: refuse(429, "TOOMANYREQUESTS", { headers: { "Retry-After": "7" } }) }, 1),
  ]);
  assert.equal(run.error, undefined);
  const [retry] = run.events.filter((event) => event.type === "blob:retry");
  assert.ok(retry && retry.delayMs >= 7_000);
});
