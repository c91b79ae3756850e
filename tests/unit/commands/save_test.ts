import assert from "node:assert/strict";
import type { Choice, CommandContext, Interaction } from "../../../lib/commands/command_context.ts";
import { save } from "../../../lib/commands/save.ts";
import { isPusherError } from "../../../lib/errors.ts";
import type { TransferEvent } from "../../../lib/transfer/events.ts";
import { systemClock } from "../../../lib/util/clock.ts";
import { createFakeRunner, type FakeProgram, type FakeRunner } from "../../support/fake_runner.ts";
import { fileNames } from "../../support/file_names.ts";
import { makeTempDir } from "../../support/temp_dir.ts";

const NOW_MS = Date.parse("2026-11-22T12:00:00Z");

const LIST = [
  {
    ID: "e994d26a80eb",
    Repository: "nginx",
    Tag: "latest",
    Size: "188MB",
    CreatedAt: "2026-11-19 12:00:00 +0000 UTC",
  },
  {
    ID: "09ae0a838657",
    Repository: "redis",
    Tag: "latest",
    Size: "N/A",
    CreatedAt: "2026-11-22 11:59:50 +0000 UTC",
  },
  {
    ID: "1b2c3d4e5f60",
    Repository: "<none>",
    Tag: "<none>",
    Size: "1MB",
    CreatedAt: "2026-11-01 12:00:00 +0000 UTC",
  },
].map((row) => JSON.stringify(row)).join("\n");

/** A machine where docker holds nginx, redis and an image without a name. */
function machine(programs: Record<string, FakeProgram> = {}): FakeRunner {
  return createFakeRunner({
    "docker version --format {{.Server.Version}}": { stdout: "28.2.2" },
    "docker images --format {{json .}}": { stdout: LIST },
    ...programs,
    "docker save nginx:latest": programs["docker save nginx:latest"] ?? { stdout: "nginx archive" },
    "docker save redis:latest": programs["docker save redis:latest"] ?? { stdout: "redis archive" },
  });
}

function contextWith(parts: Partial<CommandContext> = {}): CommandContext & { events: TransferEvent[] } {
  const events: TransferEvent[] = [];
  return {
    signal: new AbortController().signal,
    clock: { ...systemClock, now: () => NOW_MS },
    random: () => 0.5,
    env: () => undefined,
    onEvent: (event) => events.push(event),
    events,
    ...parts,
  };
}

/** A person who answers yes or no, and picks what is given. */
function person(
  answers: { confirm?: boolean; pick?: readonly string[] },
): Interaction & { asked: unknown[] } {
  const asked: unknown[] = [];
  const unexpected = (): never => assert.fail("nobody should ask that");
  return {
    asked,
    confirm(question) {
      asked.push(question);
      return Promise.resolve(answers.confirm ?? unexpected());
    },
    selectSeveral<T>(_question: string, choices: readonly Choice<T>[]) {
      asked.push(choices);
      return Promise.resolve(
        choices.filter(({ label }) => answers.pick?.includes(label)).map(({ value }) => value),
      );
    },
    text: unexpected,
    password: unexpected,
    select: unexpected,
  };
}

Deno.test("save() writes one archive per image and reports them", async () => {
  await using temp = await makeTempDir();
  const context = contextWith();
  const runner = machine();
  const images = ["nginx:latest", "redis", "nginx"];
  const report = await save({ images, outputDir: `${temp.path}/`, runner }, context);
  const nginx = { image: "nginx:latest", path: `${temp.path}/nginx_latest.tar` };
  const redis = { image: "redis:latest", path: `${temp.path}/redis_latest.tar` };
  assert.deepEqual(report, { saved: [{ ...nginx, sizeBytes: 13 }, { ...redis, sizeBytes: 13 }] });
  assert.deepEqual(await fileNames(temp.path), ["nginx_latest.tar", "redis_latest.tar"]);
  assert.equal(await Deno.readTextFile(redis.path), "redis archive");
  assert.deepEqual(context.events, [
    { type: "save:ready", images: ["nginx:latest", "redis:latest"] },
    { type: "save:start", ...nginx, runtime: "docker", sizeBytes: 188_000_000 },
    { type: "save:bytes", image: "nginx:latest", deltaBytes: 13 },
    { type: "save:done", ...nginx, sizeBytes: 13 },
    { type: "save:start", ...redis, runtime: "docker" },
    { type: "save:bytes", image: "redis:latest", deltaBytes: 13 },
    { type: "save:done", ...redis, sizeBytes: 13 },
  ]);
});

Deno.test("save() uses the runtime that is named", async () => {
  await using temp = await makeTempDir();
  const runner = machine({
    "podman info --format {{.Version.Version}}": { stdout: "4.3.1" },
    "podman images --format json": { stdout: '[{"Id":"e994d26a80eb","Names":["localhost/app:1"]}]' },
    "podman save --format docker-archive app:1": { stdout: "app archive" },
  });
  await save({ images: ["app:1"], runtime: "podman", outputDir: temp.path, runner }, contextWith());
  assert.deepEqual(await fileNames(temp.path), ["app_1.tar"]);
});

Deno.test("save() lets the user pick among the images that have a name", async () => {
  await using temp = await makeTempDir();
  const interaction = person({ pick: ["redis:latest"] });
  await save({ images: [], outputDir: temp.path, runner: machine() }, contextWith({ interaction }));
  assert.deepEqual(await fileNames(temp.path), ["redis_latest.tar"]);
  assert.deepEqual(interaction.asked, [[
    { value: "nginx:latest", label: "nginx:latest", hint: "179 MiB, 3 days ago" },
    { value: "redis:latest", label: "redis:latest", hint: "just now" },
  ]]);
});

Deno.test("save() cannot let the user pick where there is nothing", async () => {
  const runner = machine({ "docker images --format {{json .}}": { stdout: "" } });
  await assert.rejects(
    save({ images: [], runner }, contextWith({ interaction: person({}) })),
    (error) => isPusherError(error, "IMAGE_NOT_FOUND") && error.hint !== undefined,
  );
});

Deno.test("save() names the argument that is missing when there is no terminal", async () => {
  const runner = machine();
  await assert.rejects(
    save({ images: [], runner }, contextWith()),
    (error) =>
      isPusherError(error, "USAGE") && error.detail.option === "IMAGE" && /save nginx/.test(error.hint ?? ""),
  );
  assert.deepEqual(runner.calls, []);
});

Deno.test("save() asks before it replaces a file, and every question comes before the first save", async () => {
  await using temp = await makeTempDir();
  for (const name of ["nginx_latest.tar", "redis_latest.tar"]) {
    await Deno.writeTextFile(`${temp.path}/${name}`, "old");
  }
  const runner = machine();
  const interaction = person({ confirm: true });
  const confirm = interaction.confirm;
  interaction.confirm = (question) => {
    assert.ok(!runner.calls.some((call) => call.startsWith("docker save")));
    return confirm(question);
  };
  await save({ images: ["nginx", "redis"], outputDir: temp.path, runner }, contextWith({ interaction }));
  assert.equal(interaction.asked.length, 2);
  assert.equal(await Deno.readTextFile(`${temp.path}/nginx_latest.tar`), "nginx archive");
});

for (
  const [who, interaction] of [["nobody can be asked", undefined], [
    "the user says no",
    person({ confirm: false }),
  ]] as const
) {
  Deno.test(`save() saves nothing when a file is there and ${who}`, async () => {
    await using temp = await makeTempDir();
    const path = `${temp.path}/redis_latest.tar`;
    await Deno.writeTextFile(path, "old");
    await assert.rejects(
      save(
        { images: ["nginx", "redis"], outputDir: temp.path, runner: machine() },
        contextWith({ interaction }),
      ),
      (error) =>
        isPusherError(error, "OUTPUT_EXISTS") && error.detail.path === path &&
        /--force/.test(error.hint ?? ""),
    );
    assert.deepEqual(await fileNames(temp.path), ["redis_latest.tar"]);
    assert.equal(await Deno.readTextFile(path), "old");
  });
}

Deno.test("save() replaces files without a question when it is forced", async () => {
  await using temp = await makeTempDir();
  const path = `${temp.path}/nginx_latest.tar`;
  await Deno.writeTextFile(path, "old");
  const context = contextWith({ interaction: person({}) });
  await save({ images: ["nginx"], force: true, outputDir: temp.path, runner: machine() }, context);
  assert.equal(await Deno.readTextFile(path), "nginx archive");
});

Deno.test("save() cannot write over a directory, or into none", async () => {
  await using temp = await makeTempDir();
  await Deno.mkdir(`${temp.path}/nginx_latest.tar`);
  await Deno.writeTextFile(`${temp.path}/file`, "");
  for (const outputDir of [temp.path, `${temp.path}/none`, `${temp.path}/file`]) {
    const runner = machine();
    await assert.rejects(
      save({ images: ["nginx"], force: true, outputDir, runner }, contextWith()),
      (error) => isPusherError(error, "OUTPUT_FAILED") && error.detail.path.startsWith(outputDir),
    );
    assert.ok(!runner.calls.includes("docker save nginx:latest"));
  }
});

Deno.test("save() saves nothing when one of the images is unknown", async () => {
  await using temp = await makeTempDir();
  await assert.rejects(
    save({ images: ["nginx", "rediss"], outputDir: temp.path, runner: machine() }, contextWith()),
    (error) => isPusherError(error, "IMAGE_NOT_FOUND") && error.detail.available?.join() === "redis:latest",
  );
  assert.deepEqual(await fileNames(temp.path), []);
});

const BROKEN = { stdout: "half", stderr: "layer is damaged", exitCode: 1 };

Deno.test("save() keeps what is complete and says what failed", async () => {
  await using temp = await makeTempDir();
  const runner = machine({ "docker save redis:latest": BROKEN });
  await assert.rejects(
    save({ images: ["nginx", "redis"], outputDir: temp.path, runner }, contextWith()),
    (error) => {
      assert.ok(isPusherError(error, "PARTIAL"));
      assert.equal(error.detail.succeeded, 1);
      const [failure] = error.detail.failures;
      assert.equal(failure?.target, "redis:latest");
      assert.ok(isPusherError(failure?.error, "RUNTIME_FAILED"));
      assert.match(error.message, /"redis:latest" failed after 1 of 2/);
      return true;
    },
  );
  assert.deepEqual(await fileNames(temp.path), ["nginx_latest.tar"]);
});

Deno.test("save() stops at the first failure, with that error if nothing was saved", async () => {
  await using temp = await makeTempDir();
  const runner = machine({ "docker save nginx:latest": BROKEN });
  await assert.rejects(
    save({ images: ["nginx", "redis"], outputDir: temp.path, runner }, contextWith()),
    (error) => isPusherError(error, "RUNTIME_FAILED") && error.detail.stderr === "layer is damaged",
  );
  assert.deepEqual(await fileNames(temp.path), []);
  assert.ok(!runner.calls.includes("docker save redis:latest"));
});

Deno.test("save() is not partial but canceled when the user stops it", async () => {
  await using temp = await makeTempDir();
  const stop = new AbortController();
  const reason = new Error("enough");
  const runner = machine({ "docker save redis:latest": { stdout: "half", exitCode: "never" } });
  const context = contextWith({
    signal: stop.signal,
    onEvent: (event) => {
      if (event.type === "save:bytes" && event.image === "redis:latest") stop.abort(reason);
    },
  });
  await assert.rejects(save({ images: ["nginx", "redis"], outputDir: temp.path, runner }, context), reason);
  assert.deepEqual(await fileNames(temp.path), ["nginx_latest.tar"]);
});
