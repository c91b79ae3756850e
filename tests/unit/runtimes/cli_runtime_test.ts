import assert from "node:assert/strict";
import { isPusherError } from "../../../lib/errors.ts";
import { createCliRuntime } from "../../../lib/runtimes/cli_runtime.ts";
import { RUNTIME_NAMES } from "../../../lib/runtimes/container_runtime.ts";
import { createFakeRunner } from "../../support/fake_runner.ts";

const never = new AbortController().signal;

Deno.test("createCliRuntime() asks each runtime in its own way", async () => {
  const runner = createFakeRunner({
    "docker *": { stdout: "[]" },
    "nerdctl *": { stdout: "[]" },
    "podman *": { stdout: "[]" },
  });
  for (const name of RUNTIME_NAMES) {
    const runtime = createCliRuntime(name, runner);
    await runtime.version(never);
    await runtime.listImages(never);
    await using stream = runtime.openSave("nginx:1", never);
    await stream.stdout.cancel();
    await stream.finished();
  }
  assert.deepEqual(runner.calls, [
    "docker version --format {{.Server.Version}}",
    "docker images --format {{json .}}",
    "docker save nginx:1",
    "nerdctl info --format {{.ServerVersion}}",
    "nerdctl images --format {{json .}}",
    "nerdctl save nginx:1",
    "podman info --format {{.Version.Version}}",
    "podman images --format json",
    "podman save --format docker-archive nginx:1",
  ]);
  assert.equal(runner.disposed.length, runner.calls.length);
});

Deno.test("openSave() starts nothing for what is no image name", () => {
  const runner = createFakeRunner({ "docker *": {} });
  const runtime = createCliRuntime("docker", runner);
  for (const image of ["--output=/etc/passwd", "-o", ""]) {
    assert.throws(() => runtime.openSave(image, never), (error) => isPusherError(error, "REFERENCE_INVALID"));
  }
  assert.deepEqual(runner.calls, []);
});

Deno.test("version() trims what it is told and makes it printable", async () => {
  const runner = createFakeRunner({ "docker *": { stdout: " 28.2.2\u001b[0m\n" } });
  assert.equal(await createCliRuntime("docker", runner).version(never), "28.2.2\\u{1b}[0m");
});

Deno.test("version() fails when the client has nothing to say about its daemon", async () => {
  const runner = createFakeRunner({ "docker *": { stdout: "\n" } });
  await assert.rejects(
    createCliRuntime("docker", runner).version(never),
    (error) => isPusherError(error, "RUNTIME_FAILED"),
  );
});

Deno.test("listImages() fails with the runtime's own words", async () => {
  const stderr = "level=warning msg=old\nError: database is locked";
  const runner = createFakeRunner({ "podman *": { stderr, exitCode: 125 } });
  await assert.rejects(createCliRuntime("podman", runner).listImages(never), (error) => {
    assert.ok(isPusherError(error, "RUNTIME_FAILED"));
    assert.deepEqual(error.detail, { runtime: "podman", exitCode: 125, stderr });
    assert.equal(error.message, "Cannot list the local images: podman: Error: database is locked");
    assert.equal(error.hint, "Solve this with podman itself, then try again.");
    return true;
  });
});

Deno.test("listImages() fails on a list it does not understand", async () => {
  const runner = createFakeRunner({ "docker *": { stdout: "REPOSITORY   TAG\n" } });
  await assert.rejects(
    createCliRuntime("docker", runner).listImages(never),
    (error) => isPusherError(error, "RUNTIME_FAILED") && /its list is not understood/.test(error.message),
  );
});

Deno.test("listImages() does not take an endless list into memory", async () => {
  let chunks = 0;
  const stdout = new ReadableStream({
    type: "bytes",
    pull(controller) {
      chunks++;
      controller.enqueue(new Uint8Array(2 ** 20));
    },
  });
  const runner = createFakeRunner({ "docker *": { stdout } });
  await assert.rejects(
    createCliRuntime("docker", runner).listImages(never),
    (error) => isPusherError(error, "RUNTIME_FAILED") && /too long/.test(error.message),
  );
  assert.ok(chunks <= 34, `${chunks} MiB were read`);
  assert.equal(runner.disposed.length, 1);
});

Deno.test("listImages() rejects with the reason of its signal", async () => {
  const stop = new AbortController();
  const runner = createFakeRunner({ "docker *": { exitCode: "never" } });
  const listed = createCliRuntime("docker", runner).listImages(stop.signal);
  const reason = new Error("enough");
  stop.abort(reason);
  await assert.rejects(listed, reason);
});

Deno.test("finished() tells a failure from an interruption", async () => {
  const failure = async (exitCode: number): Promise<unknown> => {
    const runner = createFakeRunner({ "docker *": { exitCode, stderr: "no space left on device" } });
    await using stream = createCliRuntime("docker", runner).openSave("nginx", never);
    return await stream.finished().then(() => assert.fail(), (error: unknown) => error);
  };
  const failed = await failure(1);
  assert.ok(isPusherError(failed, "RUNTIME_FAILED"));
  assert.equal(failed.message, 'Cannot save "nginx:latest": docker: no space left on device');
  assert.ok(isPusherError(await failure(130), "CANCELED"));
});
