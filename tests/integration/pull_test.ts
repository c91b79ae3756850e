import assert from "node:assert/strict";
import { openArchive } from "../../lib/archive/open_archive.ts";
import type { PullOptions } from "../../lib/commands/pull/pull.ts";
import { isPusherError } from "../../lib/errors.ts";
import { MEDIA_TYPE } from "../../lib/spec/media_type.ts";
import { formatReference } from "../../lib/spec/reference.ts";
import { fixturePath } from "../support/fixture_archives.ts";
import { assertFiles, putImage, putIndex, runPull } from "../support/pull_stage.ts";
import { pullImage } from "../support/pulled_image.ts";
import { pushArchive } from "../support/push_archive.ts";
import { seededBytes } from "../support/seeded_random.ts";
import { makeTempDir } from "../support/temp_dir.ts";
import { startTestRegistry } from "../support/test_registry.ts";

const MIB = 2 ** 20;

Deno.test("pull writes an archive that push sends elsewhere with the same digest", async () => {
  await using source = startTestRegistry();
  await using target = startTestRegistry();
  await using dir = await makeTempDir();
  const { index } = putIndex(source, "app:1");
  const output = dir.join("app.tar");
  const { report, error } = await runPull([`${source.host}/app:1`], {
    output,
    stateDir: dir.join("state"),
    platforms: ["all"],
  });
  assert.equal(error, undefined);
  assert.deepEqual(report?.images.map(({ reference, digest }) => [reference, digest]), [
    [`${source.host}/app:1`, index.digest],
  ]);
  assert.equal(report?.sizeBytes, (await Deno.stat(output)).size);
  await pushArchive(output, { targets: [`${target.host}/copy:2`] });
  const pushed = await pullImage(target, "copy:2");
  assert.equal(pushed.digest, index.digest);
  assert.equal(pushed.children.length, 2);
});

Deno.test("pull of one platform gives its manifest as it is, and says that there are others", async () => {
  await using registry = startTestRegistry();
  await using dir = await makeTempDir();
  const { manifests: [amd64, arm64] } = putIndex(registry, "app:1");
  for (const [platform, manifest] of [["linux/amd64", amd64], ["linux/arm64/v8", arm64]] as const) {
    const output = dir.join(`${manifest.platform!.architecture}.tar`);
    const run = await runPull([`${registry.host}/app:1`], {
      output,
      stateDir: dir.join("state"),
      platforms: [platform],
    });
    assert.equal(run.report?.images[0]?.digest, manifest.digest);
    using archive = await openArchive(output);
    assert.deepEqual(archive.images.map(({ root }) => root.descriptor.digest), [manifest.digest]);
    assert.ok(
      run.events.some((event) =>
        event.type === "notice" && /only, as sha256:.*linux\/arm64/.test(event.message)
      ),
    );
  }
});

Deno.test("pull without --platform takes that of this machine, or the only one there is, and says which", async () => {
  await using registry = startTestRegistry();
  await using dir = await makeTempDir();
  const { manifests } = putIndex(registry, "app:1");
  putImage(registry, "mainframe:1", { architecture: "s390x" });
  const options = { stateDir: dir.join("state"), platforms: undefined };
  const own = await runPull([`${registry.host}/app:1`], { ...options, output: dir.join("own.tar") });
  const [amd64, arm64] = manifests;
  assert.equal(own.report?.images[0]?.digest, (Deno.build.arch === "aarch64" ? arm64 : amd64).digest);
  const only = await runPull([`${registry.host}/mainframe:1`], { ...options, output: dir.join("only.tar") });
  assert.equal(only.error, undefined);
  assert.ok(
    only.events.some((event) =>
      event.type === "notice" && /is for linux\/s390x, not for linux\//.test(event.message)
    ),
  );
});

Deno.test("pull says what it leaves out of an image, and whose format it gives it", async () => {
  await using registry = startTestRegistry();
  await using dir = await makeTempDir();
  for (const name of ["c8d-att", "c8d-mp"] as const) {
    await pushArchive(fixturePath(name), { targets: [`${registry.host}/${name}:1`] });
  }
  const cases: [name: string, options: Partial<PullOptions>, message: RegExp | undefined][] = [
    ["c8d-att", { platforms: ["all"] }, undefined],
    ["c8d-att", {}, /is pulled without attestations, as sha256:\w{64}\.$/],
    [
      "c8d-att",
      { platforms: ["all"], format: "docker" },
      /pulled without attestations, in docker's format, as/,
    ],
    [
      "c8d-mp",
      { platforms: ["all"], format: "docker" },
      /pulled without attestations, in docker's format, as/,
    ],
    ["c8d-mp", {}, /pulled for linux\/amd64 only, as sha256:\w{64}; it has linux\/amd64, linux\/arm64\.$/],
  ];
  for (const [nth, [name, options, message]] of cases.entries()) {
    const output = dir.join(`${nth}.tar`);
    const { events, error } = await runPull([`${registry.host}/${name}:1`], {
      ...options,
      output,
      stateDir: dir.join("state"),
    });
    assert.equal(error, undefined);
    const notices = events.flatMap((event) => event.type === "notice" ? [event.message] : []);
    assert.equal(notices.length, message ? 1 : 0, notices.join());
    if (message) assert.match(notices[0]!, message);
  }
});

Deno.test("pull takes what is no container image, and says that docker does not load it", async () => {
  await using registry = startTestRegistry();
  await using dir = await makeTempDir();
  const repository = registry.repository("chart");
  const config = repository.putBlob("{}", "application/vnd.cncf.helm.config.v1+json");
  const layers = [repository.putBlob("chart", "application/vnd.cncf.helm.chart.content.v1.tar+gzip")];
  const mediaType = MEDIA_TYPE.ociManifest;
  const document = { schemaVersion: 2, mediaType, config, layers };
  const { digest } = repository.putManifest(document, mediaType, "1");
  const output = dir.join("chart.tar");
  const options = { output, stateDir: dir.join("state"), platforms: undefined };
  const run = await runPull([`${registry.host}/chart:1`], options);
  assert.ok(
    run.events.some((event) =>
      event.type === "notice" && /chart:1 is no container image: docker and podman do not/.test(event.message)
    ),
  );
  await pushArchive(output, { targets: [`${registry.host}/copy:1`] });
  assert.equal((await pullImage(registry, "copy:1")).digest, digest);
});

Deno.test("pull of several references gives one archive that holds shared blobs once", async () => {
  await using registry = startTestRegistry();
  await using dir = await makeTempDir();
  putImage(registry, "one:1", { layers: ["shared", "one"] });
  putImage(registry, "two:1", { layers: ["shared", "two"] });
  const output = dir.join("both.tar");
  const names = [`${registry.host}/one:1`, `${registry.host}/two:1`];
  const { report, error } = await runPull(names, { output, stateDir: dir.join("state") });
  assert.equal(error, undefined);
  assert.equal(report?.receivedBytes, "sharedonetwo".length);
  using archive = await openArchive(output);
  assert.deepEqual(archive.images.flatMap((image) => image.names.map(formatReference)), names);
});

Deno.test("pull takes a tag for what it was when it was asked first", async () => {
  await using registry = startTestRegistry();
  await using dir = await makeTempDir();
  const { manifest } = putImage(registry, "app:1", { layers: ["old"] });
  registry.addFault({
    on: "get-blob",
    do: (_, next) => {
      putImage(registry, "app:1", { layers: ["new"] });
      return next();
    },
  });
  const output = dir.join("app.tar");
  const { report } = await runPull([`${registry.host}/app:1`], { output, stateDir: dir.join("state") });
  assert.equal(report?.images[0]?.digest, manifest.digest);
  using archive = await openArchive(output);
  assert.equal(archive.images[0]?.root.descriptor.digest, manifest.digest);
});

Deno.test("pull goes on with what a stopped one has left, and asks for the rest of a blob only", async () => {
  await using registry = startTestRegistry();
  await using dir = await makeTempDir();
  const [first, second] = [seededBytes(2 * MIB), seededBytes(3 * MIB + 1)];
  putImage(registry, "app:1", { layers: [first, second] });
  const output = dir.join("out/app.tar");
  await Deno.mkdir(dir.join("out"));
  const options = { output, stateDir: dir.join("state") };
  const stop = new AbortController();
  let receivedBytes = 0;
  const stopped = await runPull([`${registry.host}/app:1`], options, {
    signal: stop.signal,
    onEvent: (event) => {
      if (event.type === "blob:bytes" && (receivedBytes += event.deltaBytes) > 3 * MIB) {
        stop.abort(new Error("stopped"));
      }
    },
  });
  assert.equal(stopped.report, undefined);
  const [left] = await Array.fromAsync(Deno.readDir(dir.join("out")));
  assert.match(left!.name, /^\.app\.tar\.[0-9a-f]{16}\.partial$/);
  const { report, error, events } = await runPull([`${registry.host}/app:1`], options);
  assert.equal(error, undefined);
  assert.equal(report?.heldBytes, receivedBytes);
  assert.equal(report!.heldBytes + report!.receivedBytes, 5 * MIB + 1);
  assert.ok(events.some(({ type }) => type === "blob:exists"));
  assert.equal(registry.requests.at(-1)?.headers.get("range"), `bytes=${receivedBytes - 2 * MIB}-`);
  await assertFiles(dir.join("out"), ["app.tar"]);
  await pushArchive(output, { targets: [`${registry.host}/copy:1`] });
});

Deno.test("pull does not trust what is left: damage is found and fetched again", async () => {
  await using registry = startTestRegistry();
  await using dir = await makeTempDir();
  putImage(registry, "app:1", { layers: [seededBytes(MIB), seededBytes(2 * MIB)] });
  const reference = `${registry.host}/app:1`;
  await Deno.mkdir(dir.join("out"));
  const options = { output: dir.join("out/app.tar"), stateDir: dir.join("state") };
  await runPull([reference], options);
  const whole = await Deno.readFile(options.output);
  await Deno.remove(options.output);
  const stop = new AbortController();
  await runPull([reference], options, {
    signal: stop.signal,
    onEvent: (event) => {
      if (event.type === "blob:bytes") stop.abort(new Error("stopped"));
    },
  });
  const [left] = await Array.fromAsync(Deno.readDir(dir.join("out")));
  const partial = dir.join(`out/${left!.name}`);
  const start = (await Deno.stat(partial)).size - 10;
  for (
    const [name, content] of Object.entries({
      "in the lists": flipped(whole, 2_000),
      "in a whole blob": flipped(whole, start),
      "at the end of half a blob": flipped(whole.subarray(0, whole.length - MIB), whole.length - MIB - 1),
      "behind the end": new Uint8Array([...whole, 1, 2, 3]),
      "nothing": whole.subarray(0, 0),
    })
  ) {
    await Deno.writeFile(partial, content);
    const { error } = await runPull([reference], options);
    assert.equal(error, undefined, name);
    assert.deepEqual(await Deno.readFile(options.output), whole, name);
    await Deno.remove(options.output);
  }
});

Deno.test("pull leaves an existing file alone unless it is told to replace it", async () => {
  await using registry = startTestRegistry();
  await using dir = await makeTempDir();
  putImage(registry, "app:1");
  const options = { output: dir.join("app.tar"), stateDir: dir.join("state") };
  await Deno.writeTextFile(options.output, "mine");
  const refused = await runPull([`${registry.host}/app:1`], options);
  assert.ok(isPusherError(refused.error, "OUTPUT_EXISTS"), String(refused.error));
  assert.equal(registry.requests.length, 0);
  assert.equal(await Deno.readTextFile(options.output), "mine");
  const forced = await runPull([`${registry.host}/app:1`], { ...options, force: true });
  assert.equal(forced.error, undefined);
  using archive = await openArchive(options.output);
  assert.equal(archive.images.length, 1);
});

Deno.test("pull to standard output gives the bytes of the file, and ends when nobody reads any more", async () => {
  await using registry = startTestRegistry();
  await using dir = await makeTempDir();
  putImage(registry, "app:1", { layers: [seededBytes(MIB)] });
  const reference = `${registry.host}/app:1`;
  const stateDir = dir.join("state");
  await runPull([reference], { output: dir.join("app.tar"), stateDir });
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  const piped = await runPull([reference], { output: "-", stateDir }, {
    write: (bytes) => Promise.resolve(pieces.push(bytes.slice()) > 0),
  });
  assert.equal(piped.report?.path, undefined);
  assert.deepEqual(await new Blob(pieces).bytes(), await Deno.readFile(dir.join("app.tar")));
  const cut = await runPull([reference], { output: "-", stateDir }, { write: () => Promise.resolve(false) });
  assert.equal(cut.error, undefined);
  assert.equal(cut.report?.isCut, true);
  const terminal = await runPull([reference], { output: "-", stateDir });
  assert.ok(isPusherError(terminal.error, "USAGE"));
});

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  copy[at]! ^= 1;
  return copy;
}
