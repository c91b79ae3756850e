import assert from "node:assert/strict";
import { layerBodies, makePushStage, type PushStage } from "../support/push_stage.ts";
import { refuse } from "../support/registry/answer_faults.ts";
import { limitBody } from "../support/registry/upload_quirks.ts";
import { type CliResult, runCli } from "../support/run_cli.ts";
import { makeTempDir, type TempDir } from "../support/temp_dir.ts";
import { startTestRegistry, type TestRegistry } from "../support/test_registry.ts";

const MIB = 2 ** 20;
const FROM_START = ["PATCH 1", "PATCH 1", "PATCH 1", "PATCH 1"];

/** What a run sent of the layer. */
type Run = CliResult & { bodies: string[] };

/** Pushes from one home directory, again and again. */
class Pusher implements AsyncDisposable {
  readonly stage: PushStage;
  readonly home: TempDir;
  readonly registry: TestRegistry;

  constructor(stage: PushStage, home: TempDir, registry: TestRegistry) {
    this.stage = stage;
    this.home = home;
    this.registry = registry;
  }

  async push(...options: string[]): Promise<Run> {
    const before = this.registry.requests.length;
    const args = ["push", this.stage.archivePath, "-t", `${this.registry.host}/app:1`, ...options];
    const result = await runCli(args, { home: this.home });
    return { ...result, bodies: layerBodies({ requests: this.registry.requests.slice(before) }) };
  }

  /** What is remembered of the upload. */
  async journal(): Promise<string> {
    const [entry] = await Array.fromAsync(Deno.readDir(this.home.join("state/uploads")));
    return this.home.join(`state/uploads/${entry?.name}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.registry[Symbol.asyncDispose]();
    await this.home[Symbol.asyncDispose]();
    await this.stage[Symbol.asyncDispose]();
  }
}

async function createPusher(sizeBytes: number): Promise<Pusher> {
  return new Pusher(
    await makePushStage({ layerBytes: [sizeBytes] }),
    await makeTempDir(),
    startTestRegistry(),
  );
}

/** After a push that broke off when two parts of four were there. */
async function breakOff(): Promise<Pusher> {
  await using resources = new AsyncDisposableStack();
  const pusher = resources.use(await createPusher(4 * MIB));
  const refusal = pusher.registry.addFault({
    on: "append",
    nth: 3,
    times: Infinity,
    do: refuse(403, "DENIED"),
  });
  const { code, stderr } = await pusher.push("--blob-chunk", "1MiB");
  assert.equal(code, 4, stderr);
  refusal.remove();
  resources.move();
  return pusher;
}

function assertPushed({ code, stdout, stderr }: Run, { registry, stage }: Pusher): void {
  assert.equal(code, 0, stderr);
  assert.match(stdout, /\/app:1@sha256:[0-9a-f]{64}\n$/);
  const { layers } = registry.repository("app").readManifest("1");
  assert.deepEqual(layers.map(({ digest }) => digest), stage.layers);
}

Deno.test("push continues where an earlier run broke off", async () => {
  await using pusher = await breakOff();
  const run = await pusher.push("--blob-chunk", "1MiB");
  assertPushed(run, pusher);
  assert.deepEqual(run.bodies, FROM_START.slice(2));
  assert.match(run.stderr, /continues at 2\.00 MiB$/m);
});

for (const option of ["--no-resume", "--force"]) {
  Deno.test(`push ${option} starts over, and remembers nothing`, async () => {
    await using pusher = await breakOff();
    const journal = await pusher.journal();
    const record = await Deno.readTextFile(journal);
    const run = await pusher.push("--blob-chunk", "1MiB", option);
    assertPushed(run, pusher);
    assert.deepEqual(run.bodies, FROM_START);
    assert.doesNotMatch(run.stderr, /continues|starts over/);
    assert.equal(await Deno.readTextFile(journal), record);
    const again = await pusher.push("--blob-chunk", "1MiB", option);
    assertPushed(again, pusher);
    assert.deepEqual(again.bodies, option === "--force" ? FROM_START : []);
  });
}

const CHANGES: readonly [string, (pusher: Pusher) => Promise<void>, RegExp][] = [
  [
    "the archive was written again",
    ({ stage }) => Deno.utime(stage.archivePath, 1, 1),
    /^The upload of \S+ to \S+ starts over: the archive changed since\.$/m,
  ],
  [
    "it was left the day before yesterday",
    async (pusher) => {
      const path = await pusher.journal();
      const record = JSON.parse(await Deno.readTextFile(path));
      record.updatedAt = new Date(Date.now() - 48 * 3_600_000).toISOString();
      await Deno.writeTextFile(path, JSON.stringify(record));
    },
    /^The upload of \S+ to \S+ starts over: it was left more than 24 hours ago\.$/m,
  ],
  [
    "its record is damaged",
    async (pusher) => await Deno.writeTextFile(await pusher.journal(), "{"),
    /^warning: Cannot read "\S+": it is not JSON; it is now "\S+" and its upload starts over\.$/m,
  ],
  [
    "the registry lost it",
    ({ registry }) => Promise.resolve(registry.repository("app").uploads.clear()),
    /^The upload of \S+ to \S+ starts over: the registry does not know it any more\.$/m,
  ],
];

for (const [what, change, message] of CHANGES) {
  Deno.test(`push starts an upload over when ${what}, and says so`, async () => {
    await using pusher = await breakOff();
    await change(pusher);
    const run = await pusher.push("--blob-chunk", "1MiB");
    assertPushed(run, pusher);
    assert.deepEqual(run.bodies, FROM_START);
    assert.match(run.stderr, message);
  });
}

Deno.test("push remembers in the next run what a proxy refused, and keeps to --blob-chunk", async () => {
  await using pusher = await createPusher(12 * MIB);
  pusher.registry.addFault({ times: Infinity, do: limitBody(8 * MIB) });
  const bodies = [];
  for (const options of [[], ["--force"], ["--force", "--blob-chunk", "4MiB"]]) {
    const run = await pusher.push(...options);
    assertPushed(run, pusher);
    bodies.push(run.bodies);
  }
  const inFives = ["PATCH 5", "PATCH 5", "PATCH 2"];
  assert.deepEqual(bodies, [["PATCH 413", ...inFives], inFives, ["PATCH 4", "PATCH 4", "PATCH 4"]]);
});

Deno.test("push remembers in the next run that a registry takes no PATCH", async () => {
  await using pusher = await createPusher(12 * MIB);
  pusher.registry.addFault({ on: "append", times: Infinity, do: refuse(405, "UNSUPPORTED") });
  assertPushed(await pusher.push(), pusher);
  const again = await pusher.push("--force");
  assertPushed(again, pusher);
  assert.deepEqual(again.bodies, ["PUT 12"]);
});
