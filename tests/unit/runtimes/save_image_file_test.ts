import assert from "node:assert/strict";
import { isPusherError } from "../../../lib/errors.ts";
import { createCliRuntime } from "../../../lib/runtimes/cli_runtime.ts";
import { saveImageFile } from "../../../lib/runtimes/save_image_file.ts";
import { createFakeRunner, type FakeProgram } from "../../support/fake_runner.ts";
import { fileNames } from "../../support/file_names.ts";
import { makeTempDir } from "../../support/temp_dir.ts";

interface Attempt {
  directory: string;
  program: FakeProgram;
  signal?: AbortSignal;
  onBytes?: (deltaBytes: number) => void;
}

function attempt({ directory, program, signal, onBytes }: Attempt): Promise<number> {
  const runtime = createCliRuntime("docker", createFakeRunner({ "docker save *": program }));
  const planned = {
    image: "app:1",
    fileName: "app_1.tar",
    path: `${directory}/app_1.tar`,
    expectedBytes: 2 ** 30,
  };
  return saveImageFile(runtime, planned, {
    directory,
    signal: signal ?? new AbortController().signal,
    onBytes: onBytes ?? (() => {}),
  });
}

Deno.test("saveImageFile() writes what the runtime gives, for its owner only", async () => {
  await using temp = await makeTempDir();
  let reported = 0;
  const sizeBytes = await attempt({
    directory: temp.path,
    program: { stdout: "an archive" },
    onBytes: (deltaBytes) => reported += deltaBytes,
  });
  assert.equal(sizeBytes, 10);
  assert.equal(reported, 10);
  assert.deepEqual(await fileNames(temp.path), ["app_1.tar"]);
  assert.equal(await Deno.readTextFile(`${temp.path}/app_1.tar`), "an archive");
  if (Deno.build.os !== "windows") {
    assert.equal((await Deno.stat(`${temp.path}/app_1.tar`)).mode! & 0o777, 0o600);
  }
});

Deno.test("saveImageFile() leaves nothing behind, and the old file alone, when the runtime fails", async () => {
  await using temp = await makeTempDir();
  await Deno.writeTextFile(`${temp.path}/app_1.tar`, "old");
  await assert.rejects(
    attempt({ directory: temp.path, program: { stdout: "half", stderr: "it broke", exitCode: 1 } }),
    (error) => isPusherError(error, "RUNTIME_FAILED") && error.message.endsWith("it broke"),
  );
  assert.deepEqual(await fileNames(temp.path), ["app_1.tar"]);
  assert.equal(await Deno.readTextFile(`${temp.path}/app_1.tar`), "old");
});

Deno.test("saveImageFile() takes no output for a failure, whatever the exit code", async () => {
  await using temp = await makeTempDir();
  await assert.rejects(
    attempt({ directory: temp.path, program: { exitCode: 0 } }),
    (error) => isPusherError(error, "RUNTIME_FAILED") && /said nothing/.test(error.message),
  );
  assert.deepEqual(await fileNames(temp.path), []);
});

Deno.test("saveImageFile() ends the runtime and leaves nothing behind when it is stopped", async () => {
  await using temp = await makeTempDir();
  const stop = new AbortController();
  const reason = new Error("enough");
  const stdout = new ReadableStream({
    type: "bytes",
    pull(controller) {
      controller.enqueue(new Uint8Array(2 ** 20));
    },
  });
  await assert.rejects(
    attempt({
      directory: temp.path,
      program: { stdout, exitCode: "never" },
      signal: stop.signal,
      onBytes: () => stop.abort(reason),
    }),
    reason,
  );
  assert.deepEqual(await fileNames(temp.path), []);
});

Deno.test("saveImageFile() starts no runtime where it cannot write", async () => {
  await using temp = await makeTempDir();
  const runner = createFakeRunner({ "docker *": { stdout: "an archive" } });
  const planned = { image: "app:1", fileName: "app_1.tar", path: `${temp.path}/none/app_1.tar` };
  await assert.rejects(
    saveImageFile(createCliRuntime("docker", runner), planned, {
      directory: `${temp.path}/none`,
      signal: new AbortController().signal,
      onBytes: () => {},
    }),
    (error) => isPusherError(error, "OUTPUT_FAILED") && error.detail.path === planned.path,
  );
  assert.deepEqual(runner.calls, []);
});
