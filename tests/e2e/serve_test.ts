import assert from "node:assert/strict";
import { fixturePath } from "../support/fixture_archives.ts";
import { writeLargeArchive } from "../support/large_archive.ts";
import { startRealDocker } from "../support/real_docker.ts";
import { testWith } from "../support/real_parts.ts";
import { makeRealPodman } from "../support/real_podman.ts";
import { runCommand } from "../support/run_command.ts";
import { runCli, startCli } from "../support/run_cli.ts";
import { startServe } from "../support/running_serve.ts";
import { skopeoCopy, skopeoInspectRaw } from "../support/skopeo.ts";
import { makeTempDir } from "../support/temp_dir.ts";

const MIB = 2 ** 20;

/** Of docker save with either store, of podman save, and of skopeo, with an image for several platforms. */
const ARCHIVES = ["podman43-oci-archive", "docker26-one", "docker28c8d-multi", "c8d-mp", "docker26-byid"];
const NAMES = ["ns/img:v2", "t/img:1", "t/imp:1", "t/mp:1", "t/two:1"];
/** One of each kind, since docker and podman take their time. */
const PULLED = ["ns/img:v2", "t/img:1", "t/mp:1"];

/** The digest of the config for this machine's platform: what docker and podman call the image's ID. */
async function configDigest(reference: string): Promise<string> {
  const document = JSON.parse(await skopeoInspectRaw(`docker://${reference}`));
  if (document.config) return document.config.digest;
  const [{ digest }] = document.manifests.filter((entry: { platform?: { architecture: string } }) =>
    entry.platform?.architecture === "amd64"
  );
  return await configDigest(`${reference.replace(/:[^:/]+$/, "")}@${digest}`);
}

testWith(
  ["skopeo", "podman", "docker"],
  "docker, podman and skopeo pull from archives that serve has in place",
  async () => {
    await using dir = await makeTempDir();
    await using served = await startServe(ARCHIVES.map(fixturePath));
    const lines = served.process.stdout.text.trim().split("\n");
    const named = lines.filter((line) => /:[^/@]+@/.test(line.slice(served.host.length)));
    const references = named.map((line) => line.split("@")[0]!);
    assert.deepEqual(references, NAMES.map((name) => `${served.host}/${name}`));
    await using docker = await startRealDocker();
    await using podman = await makeRealPodman();
    for (const reference of PULLED.map((name) => `${served.host}/${name}`)) {
      const id = await configDigest(reference);
      await docker.run(["pull", "--quiet", reference]);
      assert.equal((await docker.run(["image", "inspect", "--format", "{{.Id}}", reference])).trim(), id);
      await podman.run(["pull", "--quiet", "--tls-verify=false", reference]);
      assert.equal(
        (await podman.run(["image", "inspect", "--format", "sha256:{{.Id}}", reference])).trim(),
        id,
      );
    }
    // All platforms, and what has no name: skopeo verifies each blob.
    const unnamed = lines.filter((line) => line.startsWith(`${served.host}/docker26-byid@`));
    assert.equal(unnamed.length, lines.length - named.length);
    assert.ok(unnamed.length > 0);
    for (const reference of [`${served.host}/t/mp:1`, ...unnamed]) {
      await skopeoCopy(`docker://${reference}`, `dir:${dir.join("copy")}`);
    }
  },
);

testWith(
  ["skopeo", "podman"],
  "podman and skopeo push into serve --store, and skopeo reads the directory",
  async () => {
    await using dir = await makeTempDir();
    const store = dir.join("store");
    const login = ["--username", "ann", "--password-stdin"];
    await using served = await startServe([fixturePath("docker26-one"), "--store", store, ...login], {
      stdin: "secret\n",
    });
    await using podman = await makeRealPodman();
    await podman.run(["load", "--input", fixturePath("podman43-docker-archive")]);
    const push = [
      "push",
      "--quiet",
      "--tls-verify=false",
      "--format=oci",
      "localhost/t/img:1",
      `${served.host}/by/podman:1`,
    ];
    await assert.rejects(podman.run(push), /authentication required|unauthorized/);
    await podman.run([...push, "--creds", "ann:secret"]);
    const credentials = "ann:secret";
    const mp = `oci-archive:${fixturePath("c8d-mp")}`;
    await skopeoCopy(mp, `docker://${served.host}/by/skopeo:1`, { credentials });
    // Its blobs are in an archive beside the store, and have to be in the store as well then.
    const image = `docker-archive:${fixturePath("docker26-one")}`;
    await skopeoCopy(image, `docker://${served.host}/t/img:2`, { credentials });
    for (const name of ["by/podman:1", "by/skopeo:1"]) {
      await skopeoCopy(`oci:${store}:${name}`, `dir:${dir.join("copy")}`);
      const raw = await skopeoInspectRaw(`docker://${served.host}/${name}`, { credentials });
      assert.equal(await skopeoInspectRaw(`oci:${store}:${name}`), raw);
    }
    const { config, layers } = JSON.parse(
      await skopeoInspectRaw(`docker://${served.host}/t/img:2`, { credentials }),
    );
    for (const { digest, size } of [config, ...layers]) {
      assert.equal((await Deno.stat(`${store}/blobs/${digest.replace(":", "/")}`)).size, size);
    }
    served.process.kill("SIGINT");
    const { code, stderr } = await served.process.result;
    assert.equal(code, 0, stderr);
  },
);

testWith(
  ["skopeo"],
  "push goes on with an upload when it was killed, and when serve --store was killed and started again",
  async () => {
    await using dir = await makeTempDir();
    const archive = dir.join("large.tar");
    const [layer] = await writeLargeArchive(archive, [24 * MIB]);
    const store = ["--store", dir.join("store")];
    await using first = await startServe(store);
    const push = [
      "push",
      archive,
      "-t",
      `${first.host}/app:1`,
      "--blob-chunk",
      "1MiB",
      "--progress",
      "plain",
    ];
    {
      await using killed = await startCli([...push, "--limit-rate", "12MB"], { home: dir });
      await first.process.stderr.waitFor(/(?:^PATCH .* 202 [^]*){3}/m);
      killed.kill("SIGKILL");
      await killed.result;
    }
    {
      await using failing = await startCli([...push, "--limit-rate", "12MB"], { home: dir });
      await failing.stderr.waitFor(/: continues at [3-9]\.\d+ MiB/);
      const [before] = await first.process.stderr.waitFor(/(?:^PATCH .* 202 [^]*){6}/m);
      assert.ok(before.length > 0);
      first.process.kill("SIGKILL");
      await first.process.result;
      failing.kill("SIGKILL");
      await failing.result;
    }
    await using second = await startServe([...store, "--listen", first.host]);
    const { code, stdout, stderr } = await runCli(push, { home: dir });
    assert.equal(code, 0, stderr);
    assert.match(stderr, /: continues at (?:[6-9]|1\d)\.\d+ MiB/);
    assert.match(stdout, new RegExp(`^${second.host}/app:1@sha256:`));
    await skopeoCopy(`oci:${dir.join("store")}:app:1`, `dir:${dir.join("copy")}`);
    assert.equal((await Deno.stat(dir.join(`copy/${layer!.slice("sha256:".length)}`))).size, 24 * MIB);
  },
);

testWith(["prlimit"], "serve goes on when it had no room for further connections", async () => {
  await using served = await startServe([fixturePath("docker26-one")]);
  const { host, process } = served;
  const { length: openFiles } = await Array.fromAsync(Deno.readDir(`/proc/${process.pid}/fd`));
  const roomFor = 10;
  await runCommand(["prlimit", `--pid=${process.pid}`, `--nofile=${openFiles + roomFor}`]);
  {
    using connections = new DisposableStack();
    const port = Number(host.split(":")[1]);
    for (let nth = 0; nth < 2 * roomFor; nth++) {
      connections.use(await Deno.connect({ port }).catch(() => undefined));
    }
    await process.stderr.waitFor(/warning: .*Cannot take connections for a moment: too many open files/);
  }
  let answer: Response | undefined;
  while (!answer) answer = await fetch(`http://${host}/v2/`).catch(() => undefined);
  assert.equal(await answer.text(), "{}");
  process.kill("SIGINT");
  assert.equal((await process.result).code, 0);
});
