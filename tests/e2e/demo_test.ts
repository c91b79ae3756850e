import assert from "node:assert/strict";
import { fileNames } from "../support/file_names.ts";
import { cleanEnvironment } from "../support/run_cli.ts";
import { runCommand } from "../support/run_command.ts";
import { makeTempDir } from "../support/temp_dir.ts";

const SCRIPT = new URL("../../scripts/demo.sh", import.meta.url).pathname;

/** What must be shown, in this order. */
const SHOWN = [
  /^# A registry that wants a password listens on (127\.0\.0\.1:\d+)$/,
  /^\$ echo "\$PASSWORD" \| docker-image-pusher login 127\.0\.0\.1:\d+ --username demo --password-stdin$/,
  /^\$ docker-image-pusher inspect demo\.tar$/,
  /^demo\.tar: docker-archive, \d+\.\d MiB, 1 image$/,
  /^size {5}\d+\.\d MiB in 4 layers$/,
  /^\$ docker-image-pusher push demo\.tar --registry 127\.0\.0\.1:\d+ --yes --limit-rate 12MB$/,
  /^127\.0\.0\.1:\d+\/demo\/pusher:1\.0@sha256:[0-9a-f]{64}$/,
  /^\$ docker-image-pusher push demo\.tar --registry 127\.0\.0\.1:\d+ --yes$/,
  /^127\.0\.0\.1:\d+\/demo\/pusher:1\.0@sha256:[0-9a-f]{64}$/,
  /^# The registry had all of it: 0 uploads of blobs were needed$/,
  /^\{"name":"demo\/pusher","tags":\["1\.0"\]\}$/,
  /^# Everything is removed again$/,
];

Deno.test({
  name: "scripts/demo.sh shows login, inspect, push and push again, and leaves nothing behind",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using home = await makeTempDir();
    await using temporary = await makeTempDir();
    const denoFolder = Deno.execPath().replace(/\/[^/]+$/, "");
    const { PATH, ...environment } = await cleanEnvironment(home.path);
    const output = await runCommand([
      "env",
      "-i",
      ...variables({
        ...environment,
        PATH: `${denoFolder}:${PATH}`,
        TMPDIR: temporary.path,
      }),
      "sh",
      SCRIPT,
    ], { cwd: home.path });
    const lines = output.split("\n");
    for (const pattern of SHOWN) {
      const at = lines.findIndex((line) => pattern.test(line));
      assert(at >= 0, `${pattern} is not in:\n${output}`);
      lines.splice(0, at + 1);
    }
    assert(!output.includes("correct horse"));
    assert.deepEqual(await fileNames(temporary.path), []);
    assert.deepEqual((await fileNames(home.path)).filter((name) => name !== ".npmrc"), []);
  },
});

function variables(environment: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(environment).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${value}`]
  );
}
