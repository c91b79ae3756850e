import assert from "node:assert/strict";
import { createCertificateAuthority } from "../support/certificate.ts";
import { startRealDocker } from "../support/real_docker.ts";
import { testWith } from "../support/real_parts.ts";
import { makeRealPodman } from "../support/real_podman.ts";
import { startRealRegistry } from "../support/real_registry.ts";
import { callRegistry, openUpload } from "../support/registry_call.ts";
import { runCli, startCli, startCliOnTerminal } from "../support/run_cli.ts";
import { runCommand } from "../support/run_command.ts";
import { stall } from "../support/registry/connection_faults.ts";
import { skopeoCopy, skopeoInspectRaw } from "../support/skopeo.ts";
import { makeTempDir, type TempDir } from "../support/temp_dir.ts";
import { startTestRegistry } from "../support/test_registry.ts";

const users = { alice: "s3cret" };
const alice = { authorization: `Basic ${btoa("alice:s3cret")}` };
const FIXTURE = new URL("../fixtures/archives/docker2010-one.tar", import.meta.url).pathname;

/** A root file system of one file, as a tar. */
async function makeRootTar(dir: TempDir): Promise<Uint8Array> {
  await Deno.mkdir(dir.join("root"));
  await Deno.writeTextFile(dir.join("root/hello"), "hello\n");
  await runCommand(["tar", "-cf", dir.join("root.tar"), "-C", dir.join("root"), "."]);
  return await Deno.readFile(dir.join("root.tar"));
}

async function listTar(path: string): Promise<string[]> {
  return (await runCommand(["tar", "-tf", path])).trim().split("\n");
}

testWith(["docker"], "startRealDocker() imports, builds and saves images", async () => {
  await using dir = await makeTempDir();
  await using docker = await startRealDocker();
  await docker.run(["import", "-", "tiny:1"], { stdin: await makeRootTar(dir) });
  await docker.run(["tag", "tiny:1", "other:2"]);
  await Deno.writeTextFile(dir.join("root/Dockerfile"), "FROM tiny:1\nCOPY hello /again\nENV A=b\n");
  await docker.build("built:1", dir.join("root"));
  await docker.run(["save", "-o", dir.join("all.tar"), "tiny:1", "other:2", "built:1"]);
  await runCommand(["tar", "-xf", dir.join("all.tar"), "-C", dir.path, "manifest.json"]);
  const manifest = JSON.parse(await Deno.readTextFile(dir.join("manifest.json")));
  const layers = Object.fromEntries(
    manifest.flatMap(({ RepoTags, Layers }: { RepoTags: string[]; Layers: string[] }) =>
      RepoTags.map((name) => [name, Layers.length])
    ),
  );
  assert.deepEqual(layers, { "tiny:1": 1, "other:2": 1, "built:1": 2 });
});

testWith(["podman"], "makeRealPodman() imports and saves images", async () => {
  await using dir = await makeTempDir();
  await using podman = await makeRealPodman();
  await podman.run(["import", "-", "localhost/tiny:1"], { stdin: await makeRootTar(dir) });
  await podman.run(["save", "-o", dir.join("tiny.tar"), "localhost/tiny:1"]);
  assert((await listTar(dir.join("tiny.tar"))).includes("manifest.json"));
});

testWith(
  ["registry"],
  "startRealRegistry() takes an upload and keeps it over a restart with a fixed secret",
  async () => {
    await using registry = await startRealRegistry({ secret: "fixed" });
    const location = await openUpload(registry, "app");
    await registry.restart();
    assert.equal((await callRegistry(registry, `GET ${location}`)).status, 204);
    await Deno.stat(registry.storagePath);
  },
);

testWith(["registry"], "startRealRegistry() loses uploads over a restart without one", async () => {
  await using registry = await startRealRegistry();
  const location = await openUpload(registry, "app");
  await registry.restart("SIGTERM");
  assert.equal((await callRegistry(registry, `GET ${location}`)).status, 404);
});

testWith(["registry", "htpasswd"], "startRealRegistry() asks for a password", async () => {
  await using registry = await startRealRegistry({ auth: { type: "htpasswd", users } });
  const anonymous = await callRegistry(registry, "GET /v2/");
  assert.equal(anonymous.status, 401);
  assert.match(anonymous.headers.get("www-authenticate") ?? "", /^Basic realm="real registry"$/);
  assert.equal((await callRegistry(registry, "GET /v2/", { headers: alice })).status, 200);
  const wrong = { authorization: `Basic ${btoa("alice:wrong")}` };
  assert.equal((await callRegistry(registry, "GET /v2/", { headers: wrong })).status, 401);
});

testWith(["registry"], "startRealRegistry() takes the tokens of its token server", async () => {
  await using registry = await startRealRegistry({ auth: { type: "token", users } });
  const upload = "POST /v2/app/blobs/uploads/";
  const challenge = (await callRegistry(registry, upload)).headers.get("www-authenticate") ?? "";
  assert(
    challenge.startsWith(`Bearer realm="${registry.tokenServer?.realm}",service="real registry",scope=`),
  );
  const query = "service=real+registry&scope=repository:app:pull,push";
  const url = `${registry.tokenServer?.realm}?${query}`;
  const { token } = JSON.parse((await callRegistry(registry, `GET ${url}`, { headers: alice })).text);
  const headers = { authorization: `Bearer ${token}` };
  assert.equal((await callRegistry(registry, upload, { headers })).status, 202);
  assert.equal((await callRegistry(registry, "POST /v2/other/blobs/uploads/", { headers })).status, 401);
  assert.equal(registry.tokenServer?.requests, 1);
});

testWith(["registry"], "startRealRegistry() speaks https", async () => {
  const authority = await createCertificateAuthority();
  await using registry = await startRealRegistry({ tls: await authority.issue(["127.0.0.1"]) });
  using client = Deno.createHttpClient({ caCerts: [authority.cert], poolMaxIdlePerHost: 0 });
  const response = await fetch(`${registry.origin}/v2/`, { client });
  assert.deepEqual([response.status, await response.text()], [200, "{}"]);
});

testWith(
  ["registry", "skopeo", "htpasswd"],
  "skopeoCopy() brings an archive to a registry and back",
  async () => {
    await using dir = await makeTempDir();
    await using registry = await startRealRegistry({ auth: { type: "htpasswd", users } });
    const reference = `docker://${registry.host}/team/app:1`;
    const credentials = "alice:s3cret";
    await skopeoCopy(`docker-archive:${FIXTURE}`, reference, { credentials });
    const manifest = JSON.parse(await skopeoInspectRaw(reference, { credentials }));
    assert.equal(manifest.schemaVersion, 2);
    await skopeoCopy(reference, `oci:${dir.join("back")}:1`, { credentials });
    await Deno.stat(dir.join("back/index.json"));
  },
);

testWith(["shellcheck"], "the shell scripts pass shellcheck", async () => {
  const scripts = ["scripts/test.sh", "scripts/demo.sh", "scripts/find_deno.sh", ".ci/run"];
  await runCommand(["shellcheck", ...scripts], { cwd: new URL("../../", import.meta.url).pathname });
});

Deno.test("runCli() gives exit code and output, in an environment of its own", async () => {
  const help = await runCli(["--help"]);
  assert.deepEqual([help.code, help.stderr], [0, ""]);
  assert.match(help.stdout, /^Usage: docker-image-pusher/);
  const unknown = await runCli(["no-such-command"]);
  assert.deepEqual([unknown.code, unknown.stdout], [2, ""]);
});

Deno.test("runCli() brings stdin to the command", async () => {
  await using registry = startTestRegistry({ auth: { type: "basic", users } });
  const login = ["login", registry.host, "--username", "alice", "--password-stdin"];
  assert.equal((await runCli(login, { stdin: "s3cret\n" })).code, 0);
  assert.equal((await runCli(login, { stdin: "wrong\n" })).code, 4);
});

testWith(["terminal"], "startCli() sends signals", async () => {
  await using registry = startTestRegistry({ faults: [{ on: "ping", do: stall("before-body") }] });
  const login = ["login", registry.host, "--username", "alice", "--password-stdin", "--plain-http"];
  await using process = await startCli(login, { stdin: "s3cret" });
  await registry.waitForRequest("ping");
  process.kill("SIGINT");
  assert.equal((await process.result).code, 130);
});

testWith(["terminal"], "startCliOnTerminal() shows prompts and types", async () => {
  await using registry = startTestRegistry({ auth: { type: "basic", users } });
  await using process = await startCliOnTerminal(["login", registry.host, "--username", "alice"]);
  await process.stdout.waitFor(/password/i);
  await process.type("s3cret\r");
  const { code, stdout } = await process.result;
  assert.equal(code, 0);
  assert.doesNotMatch(stdout, /s3cret/);
});
