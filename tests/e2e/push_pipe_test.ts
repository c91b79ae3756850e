import assert from "node:assert/strict";
import { dockerSaveMembers, gzip, layerBytes, tarBytes, tarHeader } from "../support/archives.ts";
import { writeBuildContext } from "../support/build_context.ts";
import { fixturePath, GOOD_ARCHIVES } from "../support/fixture_archives.ts";
import { writeLargeArchive } from "../support/large_archive.ts";
import { startProducer } from "../support/pipeline.ts";
import { pullImage } from "../support/pulled_image.ts";
import { startRealDocker } from "../support/real_docker.ts";
import { type RealPart, testWith } from "../support/real_parts.ts";
import { makeRealPodman } from "../support/real_podman.ts";
import { startRealRegistry } from "../support/real_registry.ts";
import { refuse } from "../support/registry/answer_faults.ts";
import { assertRefused } from "../support/refusal.ts";
import { type CliResult, runCli, startCliOnTerminal } from "../support/run_cli.ts";
import { runCommand } from "../support/run_command.ts";
import { makeTempDir } from "../support/temp_dir.ts";
import { startTestRegistry } from "../support/test_registry.ts";

/** Programs that compress, in turn. */
const COMPRESSORS: readonly RealPart[] = ["gzip", "zstd", "xz", "bzip2", "lz4"];

for (const [at, fixture] of Object.keys(GOOD_ARCHIVES).entries()) {
  const compressor = COMPRESSORS[at % COMPRESSORS.length]!;
  testWith([compressor], `push - brings ${fixture} by ${compressor} to a registry as a file`, async () => {
    await using registry = startTestRegistry();
    const file = fixturePath(fixture);
    const inspected = JSON.parse((await runCli(["inspect", file, "--json"])).stdout);
    const choice = inspected.images.length > 1 ? ["--image", inspected.images[0].digest] : [];
    await using producer = startProducer([compressor, "-c", file]);
    const push = ["push", "-", "-t", `${registry.host}/team/app:1`, ...choice];
    const { code, stdout, stderr } = await runCli(push, { stdin: producer.stdout });
    assert.equal(code, 0, stderr);
    assert.equal(stdout, `${registry.host}/team/app:1@${inspected.images[0].digest}\n`);
    assert.equal((await pullImage(registry, "team/app:1")).digest, inspected.images[0].digest);
  });
}

function assertPushed({ code, stdout, stderr }: CliResult, host: string, name: string): void {
  assert.equal(code, 0, stderr);
  assert.match(stdout, new RegExp(`^${host}/${name}@sha256:[0-9a-f]{64}\n$`));
}

testWith(["docker", "registry"], "docker save | push - brings an image to a registry as it is", async () => {
  await using dir = await makeTempDir();
  await using docker = await startRealDocker();
  await using registry = await startRealRegistry();
  await docker.build("built:1", await writeBuildContext(dir));
  await using save = startProducer(["docker", "save", "built:1"], { env: docker.env });
  const push = ["push", "-", "-t", `${registry.host}/team/built:1`, "--verify"];
  assertPushed(await runCli(push, { stdin: save.stdout }), registry.host, "team/built:1");
  const [{ Id, RootFS }] = JSON.parse(await docker.run(["inspect", "built:1"]));
  const { configDigest, layers } = await pullImage(registry, "team/built:1");
  assert.equal(configDigest, Id);
  assert.deepEqual(layers, RootFS.Layers);
});

testWith(
  ["docker", "registry"],
  "docker save of several images | push - --registry brings all of them",
  async () => {
    await using dir = await makeTempDir();
    await using docker = await startRealDocker();
    await using registry = await startRealRegistry();
    await docker.build("built:1", await writeBuildContext(dir));
    await docker.run(["tag", "built:1", "team/other:2"]);
    await using save = startProducer(["docker", "save", "built:1", "team/other:2"], { env: docker.env });
    const push = ["push", "-", "--registry", `${registry.host}/mirror`];
    const { code, stdout, stderr } = await runCli(push, { stdin: save.stdout });
    assert.equal(code, 0, stderr);
    const references = stdout.trimEnd().split("\n").map((line) => line.split("@")[0]).sort();
    assert.deepEqual(references, [`${registry.host}/mirror/built:1`, `${registry.host}/mirror/team/other:2`]);
    for (const name of ["mirror/built:1", "mirror/team/other:2"]) {
      const { layers, diffIds } = await pullImage(registry, name);
      assert.deepEqual(layers, diffIds);
    }
  },
);

testWith(
  ["podman", "zstd", "registry"],
  "podman save --format oci-archive | zstd | push - brings an image to a registry as it is",
  async () => {
    await using dir = await makeTempDir();
    await using podman = await makeRealPodman();
    await using registry = await startRealRegistry();
    await podman.run(["build", "--quiet", "--layers", "--tag", "built:1", await writeBuildContext(dir)]);
    const archive = dir.join("built.tar");
    await podman.run(["save", "--format", "oci-archive", "--output", archive, "built:1"]);
    const list = JSON.parse(await runCommand(["tar", "-xOf", archive, "index.json"]));
    // Podman writes to a pipe only through cat: it checks that its output is no pipe.
    await using save = startProducer([
      "sh",
      "-c",
      'podman "$@" | cat',
      "sh",
      ...podman.globalArgs,
      "save",
      "--format",
      "oci-archive",
      "built:1",
    ]);
    await using zstd = startProducer(["zstd", "-qc"], { stdin: save.stdout });
    const push = ["push", "-", "-t", `${registry.host}/team/built:1`];
    const result = await runCli(push, { stdin: zstd.stdout });
    assertPushed(result, registry.host, "team/built:1");
    const image = await pullImage(registry, "team/built:1");
    assert.equal(image.digest, list.manifests[0].digest);
    assert.deepEqual(image.layers, image.diffIds);
  },
);

testWith(["docker"], "docker save that dies in the middle ends without a tag, and with 3", async () => {
  await using dir = await makeTempDir();
  await using docker = await startRealDocker();
  await using registry = startTestRegistry();
  await docker.build("built:1", await writeBuildContext(dir));
  await using save = startProducer(["docker", "save", "built:1"], { env: docker.env });
  const dying = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      controller.enqueue(chunk);
      save.kill();
      controller.terminate();
    },
  });
  const push = ["push", "-", "-t", `${registry.host}/team/built:1`];
  assertRefused(await runCli(push, { stdin: save.stdout.pipeThrough(dying) }), {
    code: 3,
    message: /it ended inside/,
    hint: /What writes it has probably failed/,
  });
  const { manifests, tags } = registry.repository("team/built");
  assert.deepEqual([manifests.size, tags.size], [0, 0]);
});

Deno.test("push takes several compressed files and a plain one, under their own names", async () => {
  await using dir = await makeTempDir();
  await using registry = startTestRegistry();
  for (const [name, compressor] of [["a", "gzip"], ["b", "zstd"], ["c", "cat"]] as const) {
    const layers = [layerBytes(name.repeat(200_000))];
    await Deno.writeFile(
      dir.join(name),
      tarBytes(await dockerSaveMembers([{ tags: [`${name}:1`], layers }])),
    );
    if (compressor !== "cat") await runCommand([compressor, "-q", dir.join(name)]);
  }
  const push = ["push", dir.join("a.gz"), dir.join("b.zst"), dir.join("c"), "--registry", registry.host];
  const { code, stdout, stderr } = await runCli(push);
  assert.equal(code, 0, stderr);
  const names = stdout.trimEnd().split("\n").map((line) => line.split("@")[0]);
  assert.deepEqual(names, ["a:1", "b:1", "c:1"].map((name) => `${registry.host}/${name}`));
});

Deno.test("push reads gzip of several members, and a named pipe", async () => {
  await using registry = startTestRegistry();
  const script = "for part in 1 2 3; do head -c 10000 | gzip -c; done; gzip -c";
  const file = fixturePath("docker26-one");
  await using producer = startProducer(["sh", "-c", `{ ${script}; } < "$1"`, "sh", file]);
  const push = ["push", "-", "-t", `${registry.host}/team/app:1`];
  assertPushed(await runCli(push, { stdin: producer.stdout }), registry.host, "team/app:1");
  await using dir = await makeTempDir();
  await runCommand(["mkfifo", dir.join("pipe")]);
  await using _writer = startProducer(["cp", file, dir.join("pipe")]);
  const result = await runCli(["push", dir.join("pipe"), "-t", `${registry.host}/team/app:2`]);
  assertPushed(result, registry.host, "team/app:2");
});

Deno.test("push --dry-run reads what is piped in, and sends nothing", async () => {
  await using registry = startTestRegistry();
  const stdin = await Deno.readFile(fixturePath("docker26-one"));
  const push = ["push", "-", "-t", `${registry.host}/team/app:1`, "--dry-run"];
  const { code, stdout, stderr } = await runCli(push, { stdin });
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^ {2}upload .*KiB$/m);
  assert.ok(registry.requests.every(({ method }) => method === "GET" || method === "HEAD"));
});

Deno.test("inspect says of what is piped in what it says of a file", async () => {
  const file = fixturePath("c8d-mp");
  await using producer = startProducer(["gzip", "-c", file]);
  const piped = JSON.parse((await runCli(["inspect", "-", "--json"], { stdin: producer.stdout })).stdout);
  const { images, format } = JSON.parse((await runCli(["inspect", file, "--json"])).stdout);
  assert.deepEqual([piped.images, piped.format, piped.path], [images, format, "-"]);
});

Deno.test("push - says what is missing before it reads", async () => {
  await using endless = startProducer(["yes"]);
  assertRefused(await runCli(["push", "-"], { stdin: endless.stdout }), {
    code: 2,
    message: /what is read only once is sent before its names are known/,
    hint: /Name the target with -t/,
  });
  const secret = ["push", "-", "--password-stdin", "--username", "ann"];
  assertRefused(await runCli(secret, { stdin: "s3cret" }), {
    code: 2,
    message: /Cannot read both an archive and the password from standard input/,
    hint: /Run login first/,
  });
});

testWith(["terminal"], "push - reads nothing that is typed", async () => {
  await using process = await startCliOnTerminal(["push", "-", "-t", "127.0.0.1:5000/team/app:1"]);
  const { code, stdout } = await process.result;
  assert.equal(code, 2);
  assert.match(stdout, /Cannot read an archive from standard input: it is a terminal/);
});

Deno.test("push - ends at once when the registry refuses, whatever still comes", async () => {
  await using dir = await makeTempDir();
  await using registry = startTestRegistry();
  registry.addFault({ on: "start-upload", times: Infinity, do: refuse(403, "DENIED") });
  const header = tarHeader({
    name: `blobs/sha256/${"ab".repeat(32)}`,
    sizeBytes: 2 ** 40,
    sizeFormat: "base256",
  });
  await Deno.writeFile(dir.join("header"), header);
  await using endless = startProducer(["sh", "-c", 'cat "$1"; exec yes', "sh", dir.join("header")]);
  const push = ["push", "-", "-t", `${registry.host}/team/app:1`];
  const { code, stderr } = await runCli(push, { stdin: endless.stdout });
  assert.equal(code, 4, stderr);
});

Deno.test("push says which program is missing to decompress an archive", async () => {
  const stdin = new Uint8Array([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 0, 0]);
  const push = ["push", "-", "-t", "127.0.0.1:5000/team/app:1", "--dry-run"];
  assertRefused(await runCli(push, { stdin, env: { PATH: "/nonexistent" } }), {
    code: 3,
    message: /it is compressed with xz, and the program "xz" is not installed/,
    hint: /Install xz, or decompress it elsewhere/,
  });
});

/** How the program is run where Deno lets it do only what is named. */
function confined(writable: string, ...args: string[]): string[] {
  const allowed = ["--allow-net", "--allow-read", "--allow-env", "--allow-sys", `--allow-write=${writable}`];
  const main = new URL("../../main.ts", import.meta.url).href;
  return [Deno.execPath(), "run", "--quiet", "--no-prompt", ...allowed, main, ...args];
}

Deno.test("push - writes to the state directory and nowhere else", async () => {
  await using dir = await makeTempDir();
  await using registry = startTestRegistry();
  const layers = [layerBytes("0123456789".repeat(2_000_000))];
  const stdin = await gzip(tarBytes(await dockerSaveMembers([{ tags: ["app:1"], layers }])));
  const state = dir.join("state");
  const push = [
    "push",
    "-",
    "-t",
    `${registry.host}/team/app:1`,
    "--state-dir",
    state,
    "--blob-chunk",
    "1MiB",
  ];
  await runCommand(confined(state, ...push), { stdin, env: { TMPDIR: "/nonexistent" } });
  const { layers: pushed, diffIds } = await pullImage(registry, "team/app:1");
  assert.deepEqual(pushed, diffIds);
});

testWith(["time"], "push - needs little more memory for 512 MiB than for nothing", async () => {
  await using dir = await makeTempDir();
  await using registry = startTestRegistry({ storage: "discard" });
  const peakKib = async (name: string, sizeMib: number): Promise<number> => {
    await writeLargeArchive(dir.join(name), [sizeMib * 2 ** 20]);
    const push = confined(
      dir.path,
      "push",
      "-",
      "-t",
      `${registry.host}/${name}:1`,
      "--state-dir",
      dir.join(name + "-state"),
    );
    const timed = ["/usr/bin/time", "--format=%M", `--output=${dir.join("peak")}`, ...push];
    await runCommand(["sh", "-c", '"$@" < "$0"', dir.join(name), ...timed]);
    return Number(await Deno.readTextFile(dir.join("peak")));
  };
  const growthKib = await peakKib("large", 512) - await peakKib("small", 1);
  assert.ok(growthKib < 40 * 1024, `${growthKib} KiB more`);
});
