import assert from "node:assert/strict";
import { assertRefused } from "../support/refusal.ts";
import { refuse } from "../support/registry/answer_faults.ts";
import { runCli } from "../support/run_cli.ts";
import { startTestRegistry } from "../support/test_registry.ts";

const ARCHIVE = new URL("../fixtures/archives/docker2010-one.tar", import.meta.url).pathname;
const BLOBS = 4;
const DIGEST = "sha256:76ce10a13ab26adb00c8e8f61f1b7ba4c3b6177feaf69886d396a8d342d1a64e";

Deno.test("push prints the pushed reference on stdout, and lines of text on stderr, into pipes", async () => {
  await using registry = startTestRegistry();
  const reference = `${registry.host}/team/app:1`;
  const { code, stdout, stderr } = await runCli(["push", ARCHIVE, "-t", reference]);
  assert.deepEqual([code, stdout], [0, `${reference}@${DIGEST}\n`]);
  const lines = stderr.split("\n");
  assert.equal(lines[0], `t/img:1 → ${reference}`);
  assert.match(lines[1]!, /^pushing 4 blobs \(28\.4 KiB\)$/);
  assert.equal(
    lines.filter((line) => /^blob [0-9a-f]{12}: sent \(\d.* [KB]i?B?\)$/.test(line)).length,
    BLOBS,
  );
  assert.equal(lines.at(-3), `tagged ${reference} ${DIGEST}`);
  assert.match(lines.at(-2)!, new RegExp(`^Pushed ${reference}: 28\\.4 KiB sent, in \\d[\\d.]*s `));
  assert.doesNotMatch(stderr.replaceAll("\n", ""), /\p{Cc}/u);
});

Deno.test("push --quiet prints the pushed reference and nothing else", async () => {
  await using registry = startTestRegistry();
  const reference = `${registry.host}/team/app:1`;
  for (const flag of ["--quiet", "-q"]) {
    const result = await runCli(["push", ARCHIVE, "-t", reference, flag]);
    assert.deepEqual(result, { code: 0, stdout: `${reference}@${DIGEST}\n`, stderr: "" });
  }
});

Deno.test("push --json prints one report, of a first and of a second push", async () => {
  await using registry = startTestRegistry();
  const reference = `${registry.host}/team/app:1`;
  const push = async (): Promise<Record<string, unknown>> => {
    const { code, stdout } = await runCli(["push", ARCHIVE, "-t", reference, "--json"]);
    assert.equal(code, 0);
    const { pushed, failures, sentBytes, existingBytes, durationMs } = JSON.parse(stdout);
    assert(Number.isSafeInteger(durationMs) && durationMs >= 0);
    return { pushed, failures, sentBytes, existingBytes };
  };
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const pushed = [{ reference, digest: DIGEST, mediaType }];
  const sizeBytes = 29_064;
  assert.deepEqual(await push(), { pushed, failures: [], sentBytes: sizeBytes, existingBytes: 0 });
  assert.deepEqual(await push(), { pushed, failures: [], sentBytes: 0, existingBytes: sizeBytes });
});

Deno.test("push --json prints errors as one document on stderr", async () => {
  await using registry = startTestRegistry({
    faults: [{
      on: "put-manifest",
      times: Infinity,
      do: refuse(400, "TAG_INVALID", { message: "immutable" }),
    }],
  });
  const push = ["push", ARCHIVE, "-t", `${registry.host}/team/app:1`, "--json", "--quiet"];
  const { code, stdout, stderr } = await runCli(push);
  assert.deepEqual([code, stdout], [6, ""]);
  const { error } = JSON.parse(stderr);
  assert.equal(error.code, "REGISTRY_REJECTED");
  assert.match(
    error.message,
    /^Cannot push ".*\/team\/app:1": the registry answered 400 TAG_INVALID: immutable$/,
  );
  assert.match(error.hint, /under another tag/);
  assert.deepEqual(error.detail, {
    registry: registry.host,
    request: "PUT /v2/team/app/manifests/1",
    status: 400,
    errorCodes: ["TAG_INVALID"],
    unknownDigests: [],
  });
  assert.equal(error.stack, undefined);
});

Deno.test("push --progress json prints one event a line, from plan to tag", async () => {
  await using registry = startTestRegistry();
  const target = `${registry.host}/team/app`;
  const { code, stdout, stderr } = await runCli(["push", ARCHIVE, "-t", `${target}:1`, "--progress", "json"]);
  assert.deepEqual([code, stdout], [0, `${target}:1@${DIGEST}\n`]);
  const events = stderr.trimEnd().split("\n").map((line) => JSON.parse(line));
  const ofType = (type: string): Record<string, unknown>[] => events.filter((event) => event.type === type);
  assert.deepEqual(ofType("plan:ready"), [
    { type: "plan:ready", targets: [`${target}:1`], blobs: BLOBS, sizeBytes: 29_064 },
  ]);
  for (const { digest, sizeBytes, mediaType } of ofType("blob:start")) {
    assert.match(`${mediaType}`, /^application\/vnd\.oci\.image\./);
    const bytes = ofType("blob:bytes").filter((event) => event.digest === digest);
    assert.equal(bytes.reduce((sum, { deltaBytes }) => sum + Number(deltaBytes), 0), sizeBytes);
    assert.deepEqual(ofType("blob:done").filter((event) => event.digest === digest), [
      { type: "blob:done", target, digest, sizeBytes },
    ]);
  }
  assert.equal(ofType("blob:start").length, BLOBS);
  assert.deepEqual(events.at(-1), { type: "tag:done", reference: `${target}:1`, digest: DIGEST });
});

Deno.test("push --progress json prints a failure as the last line", async () => {
  await using registry = startTestRegistry({
    faults: [{ on: "start-upload", times: Infinity, do: refuse(403, "DENIED") }],
  });
  const push = ["push", ARCHIVE, "-t", `${registry.host}/team/app:1`, "--progress", "json"];
  const { code, stdout, stderr } = await runCli(push);
  assert.deepEqual([code, stdout], [4, ""]);
  const lines = stderr.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.equal(lines.at(-1).error.code, "AUTH_DENIED");
  assert(lines.slice(0, -1).every(({ type }) => typeof type === "string"));
});

Deno.test("push reports what went through beside what failed, and exits with 9", async () => {
  const archive = ARCHIVE.replace("-one", "-multi");
  await using registry = startTestRegistry();
  registry.addFault({
    on: { method: "PUT", path: /t\/two\/manifests/ },
    times: Infinity,
    do: refuse(400, "TAG_INVALID", { message: "immutable" }),
  });
  const push = ["push", archive, "--registry", registry.host];
  const text = await runCli(push);
  assert.equal(text.code, 9, text.stderr);
  assert.equal(text.stdout.trimEnd().split("\n").length, 3);
  assert.match(
    text.stderr,
    /^error: Cannot push 1 of 4 images\n {2}\S+\/t\/two:1: Cannot push .*immutable\n/m,
  );
  assert.match(text.stderr, /^hint: Run the same command again: what arrived is not sent twice\.\n$/m);

  const json = await runCli([...push, "--json", "--quiet"]);
  assert.equal(json.code, 9);
  const { pushed, failures } = JSON.parse(json.stdout);
  assert.equal(pushed.length, 3);
  assert.deepEqual(
    failures.map(({ reference, error }: { reference: string; error: { code: string } }) => [
      reference,
      error.code,
    ]),
    [[`${registry.host}/t/two:1`, "REGISTRY_REJECTED"]],
  );
  assert.equal(JSON.parse(json.stderr).error.code, "PARTIAL");
});

Deno.test("inspect prints images, layers, sizes and digests", async () => {
  const { code, stdout, stderr } = await runCli(["inspect", ARCHIVE]);
  assert.deepEqual([code, stderr], [0, ""]);
  assert.match(stdout, /docker2010-one\.tar: docker-archive, 42\.0 KiB, 1 image\n\ndocker\.io\/t\/img:1\n/);
  assert.match(stdout, new RegExp(`\ndigest {3}${DIGEST}\nplatform linux/amd64\n`));
  assert.match(stdout, /\nsize {5}28\.4 KiB in 3 layers\n {6}1 {2}3f8e9da6d4ac {2}2\.00 KiB {2}tar\n/);
  for (const line of stdout.split("\n").slice(1)) assert(line.length <= 80, line);
});

Deno.test("inspect --json prints what a push would store", async () => {
  const { code, stdout } = await runCli(["inspect", ARCHIVE, "--json"]);
  assert.equal(code, 0);
  const { format, sizeBytes, images } = JSON.parse(stdout);
  assert.equal(format, "docker-archive");
  assert.equal(sizeBytes, (await Deno.stat(ARCHIVE)).size);
  const [{ names, digest, configDigest, layers, platform, ...rest }] = images;
  assert.deepEqual([names, digest, platform], [["docker.io/t/img:1"], DIGEST, "linux/amd64"]);
  assert.match(configDigest, /^sha256:e994d26a80eb/);
  for (const layer of layers) {
    assert.equal(layer.digest, layer.diffId);
    assert.equal(layer.mediaType, "application/vnd.oci.image.layer.v1.tar");
  }
  assert.deepEqual([layers.length, rest.sizeBytes, rest.manifests], [3, 29_064, []]);
});

Deno.test("every command shows help on stdout within 80 columns, with an example", async () => {
  for (const command of [[], ["push"], ["save"], ["inspect"], ["login"], ["logout"]]) {
    const { code, stdout, stderr } = await runCli([...command, "--help"]);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /\nExamples?:\n {2}\$ docker-image-pusher /);
    for (const line of stdout.split("\n")) assert(line.length <= 80, line);
  }
});

Deno.test("a command line with a mistake is refused with exit code 2", async () => {
  assertRefused(await runCli(["psuh", ARCHIVE]), {
    code: 2,
    message: /unknown command 'psuh'/,
    hint: /Did you mean push/,
  });
  assertRefused(await runCli(["push", ARCHIVE, "--concurrency", "0"]), {
    code: 2,
    message: /Cannot use --concurrency "0"/,
    hint: /1 to 64/,
  });
  const { code, stdout, stderr } = await runCli([]);
  assert.deepEqual([code, stdout], [2, ""]);
  assert.match(stderr, /^Usage: docker-image-pusher /);
});
