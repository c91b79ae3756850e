import assert from "node:assert/strict";
import type { GlobalOptions } from "../../../../lib/cli/command_runner.ts";
import { defineInspect } from "../../../../lib/cli/tree/inspect_command.ts";
import { defineLogin } from "../../../../lib/cli/tree/login_command.ts";
import { defineLogout } from "../../../../lib/cli/tree/logout_command.ts";
import { createProgram, parseProgram } from "../../../../lib/cli/tree/program.ts";
import { definePush } from "../../../../lib/cli/tree/push_command.ts";
import { defineSave } from "../../../../lib/cli/tree/save_command.ts";
import { FakeHost } from "../fake_host.ts";

/** Negated options of push, which are there from the beginning. */
const NEGATED = { resume: true, attestations: true, cache: true };

/** The options a command line comes to, without running the command. */
async function optionsOf(line: string): Promise<GlobalOptions> {
  const host = new FakeHost();
  const program = createProgram(host);
  const { promise, resolve } = Promise.withResolvers<GlobalOptions>();
  const run = (_: unknown, options: GlobalOptions): Promise<void> => Promise.resolve(resolve(options));
  for (const define of [definePush, defineSave, defineInspect, defineLogin, defineLogout]) {
    define({ program, host, args: line.split(" "), run });
  }
  assert.equal(await parseProgram(program, line.split(" ")), 0);
  return await promise;
}

Deno.test("parseProgram() takes global options before and after the command", async () => {
  const expected = { stateDir: "dir", progress: "plain", json: true, quiet: true, debug: true };
  const options = "--state-dir dir --progress plain --json -q --debug";
  for (const command of ["inspect a.tar", "push a.tar", "save", "login r.example", "logout r.example"]) {
    const own = command.startsWith("push") ? NEGATED : {};
    assert.deepEqual(await optionsOf(`${options} ${command}`), { ...expected, ...own });
    assert.deepEqual(await optionsOf(`${command} ${options}`), { ...expected, ...own });
  }
});

Deno.test("parseProgram() reads the options of push", async () => {
  assert.deepEqual(
    await optionsOf(
      "push a.tar b.tar -t r.example/a:1 --target=s.example/a:1 --image a --image b -y --username ann " +
        "--password-stdin --plain-http --concurrency 8 --blob-chunk 50MiB",
    ),
    {
      target: ["r.example/a:1", "s.example/a:1"],
      image: ["a", "b"],
      yes: true,
      username: "ann",
      passwordStdin: true,
      plainHttp: true,
      concurrency: 8,
      blobChunk: 50 * 2 ** 20,
      ...NEGATED,
    },
  );
  assert.deepEqual(await optionsOf("push a.tar --registry r.example/team --password x"), {
    registry: "r.example/team",
    password: "x",
    ...NEGATED,
  });
});

Deno.test("parseProgram() accepts the limits of push's numbers", async () => {
  assert.deepEqual(await optionsOf("push a.tar --concurrency 1 --blob-chunk 1MiB"), {
    concurrency: 1,
    blobChunk: 2 ** 20,
    ...NEGATED,
  });
  assert.deepEqual(await optionsOf("push a.tar --concurrency 64 --blob-chunk 4GiB"), {
    concurrency: 64,
    blobChunk: 2 ** 32,
    ...NEGATED,
  });
});

Deno.test("parseProgram() reads the options of save and login", async () => {
  assert.deepEqual(await optionsOf("save a b --runtime podman --output-dir out --force"), {
    runtime: "podman",
    outputDir: "out",
    force: true,
  });
  assert.deepEqual(await optionsOf("login r.example -u ann -p secret --plain-http"), {
    username: "ann",
    password: "secret",
    plainHttp: true,
  });
});

Deno.test("parseProgram() reads what is to be made of images", async () => {
  const line =
    "push a.tar b.tar --platform linux/amd64,linux/arm/v7 --platform linux/386 --index --no-attestations --format docker";
  assert.deepEqual(await optionsOf(line), {
    platform: ["linux/amd64", "linux/arm/v7", "linux/386"],
    index: true,
    attestations: false,
    format: "docker",
    cache: true,
    resume: true,
  });
});

Deno.test("parseProgram() sets nothing that was not asked for", async () => {
  assert.deepEqual(await optionsOf("push a.tar"), NEGATED);
  assert.deepEqual(await optionsOf("push a.tar --no-resume --force --verify --dry-run --limit-rate 10MB/s"), {
    ...NEGATED,
    limitRate: 10_000_000,
    resume: false,
    force: true,
    verify: true,
    dryRun: true,
  });
  assert.deepEqual(await optionsOf("save"), {});
});
