import assert from "node:assert/strict";
import { createCertificateAuthority } from "../support/certificate.ts";
import { dockerSaveMembers, layerBytes, tarBytes, type TarMember } from "../support/archives.ts";
import { fileNames } from "../support/file_names.ts";
import { assertRefused, type Refusal } from "../support/refusal.ts";
import { answerWith, htmlPage, refuse } from "../support/registry/answer_faults.ts";
import type { Fault } from "../support/registry/fault.ts";
import { runCli } from "../support/run_cli.ts";
import { makeTempDir } from "../support/temp_dir.ts";
import { startTestRegistry } from "../support/test_registry.ts";

/** What is pushed: the content of a file, or what makes something else at a path. */
type Input = Uint8Array | string | readonly TarMember[] | ((path: string) => Promise<void>);

/** An archive that is none, and what is said of it. */
interface BadArchive extends Refusal {
  input: Input;
}

const SAVE_AGAIN = /Save the image again/;
const LAYERS = [layerBytes("one"), layerBytes("two")];
const MEMBERS = await dockerSaveMembers([{ tags: ["app:1"], layers: LAYERS }]);

function without(name: RegExp): TarMember[] {
  return MEMBERS.filter((member) => !name.test(member.name));
}

function withManifest(body: string): TarMember[] {
  return [...without(/^manifest\.json$/), { name: "manifest.json", body }];
}

const BAD_ARCHIVES: Readonly<Record<string, BadArchive>> = {
  "a file that is not there": {
    input: () => Promise.resolve(),
    code: 3,
    message: /Cannot open ".*app\.tar": no such file/,
    hint: /Check the path/,
  },
  "a directory": {
    input: (path) => Deno.mkdir(path),
    code: 3,
    message: /it is a directory without entries/,
    hint: /Save an image with docker save or podman save/,
  },
  "an empty file": {
    input: "",
    code: 3,
    message: /the file is empty/,
    hint: /The command that should have written it probably failed/,
  },
  "a text": {
    input: "This is no tar archive.\n".repeat(100),
    code: 3,
    message: /it is not a tar archive/,
    hint: /Save an image with docker save or podman save/,
  },
  "a compressed archive that is cut off": {
    input: new Uint8Array([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]),
    code: 3,
    message: /it cannot be decompressed as gzip/,
    hint: /Copy it again from where it came from/,
  },
  "a root file system": {
    input: [{ name: "./", type: "5" }, { name: "./bin/sh", body: "x" }, {
      name: "./etc/passwd",
      body: "root",
    }],
    code: 3,
    message: /it is a root filesystem, not an image/,
    hint: /docker save on an image instead of docker export/,
  },
  "a tar archive of something else": {
    input: [{ name: "holiday.jpg", body: "x" }],
    code: 3,
    message: /it is a tar archive, but of no image/,
    hint: /Save an image with docker save or podman save/,
  },
  "an archive that is cut off in a layer": {
    input: tarBytes(MEMBERS).slice(0, 2048),
    code: 3,
    message: /the file ends inside "0-0\/layer\.tar"/,
    hint: SAVE_AGAIN,
  },
  "an archive without its list of images": {
    input: [...without(/^manifest\.json$/), { name: "oci-layout", body: '{"imageLayoutVersion":"1.0.0"}' }],
    code: 3,
    message: /parts of an image but neither manifest\.json nor index\.json/,
    hint: SAVE_AGAIN,
  },
  "a manifest.json that is not JSON": {
    input: withManifest('[{"Config":'),
    code: 3,
    message: /manifest\.json.*it is not JSON/,
    hint: SAVE_AGAIN,
  },
  "a manifest.json that begins like a single manifest and is not JSON": {
    input: withManifest('{"schemaVersion": 2, "config": {"dig'),
    code: 3,
    message: /manifest\.json.*it is not JSON/,
    hint: SAVE_AGAIN,
  },
  "a manifest.json that lists something else": {
    input: withManifest('[{"Layers":3}]'),
    code: 3,
    message: /manifest\.json.*Config/,
    hint: SAVE_AGAIN,
  },
  "a config that is not JSON": {
    input: MEMBERS.map((member) =>
      /^[0-9a-f]{64}\.json$/.test(member.name) ? { ...member, body: "{" } : member
    ),
    code: 3,
    message: /[0-9a-f]{64}\.json.*it is not JSON/,
    hint: SAVE_AGAIN,
  },
  "an archive without a layer": {
    input: without(/^0-1\/layer\.tar$/),
    code: 3,
    message: /the layer "0-1\/layer\.tar" is missing/,
    hint: SAVE_AGAIN,
  },
  "an archive with fewer layers than its config says": {
    input: await dockerSaveMembers([{ layers: LAYERS, item: { Layers: ["0-0/layer.tar"] } }]),
    code: 3,
    message: /is for 2 layers, but 1 are listed/,
    hint: SAVE_AGAIN,
  },
  "a layer that was changed": {
    input: MEMBERS.map((member) =>
      member.name === "0-1/layer.tar" ? { ...member, body: layerBytes("TWO") } : member
    ),
    code: 7,
    message: /Cannot send blob sha256:\w+: the archive holds other bytes, sha256:/,
    hint: /The archive was damaged or changed: save or copy it again/,
  },
};

async function write(input: Input, path: string): Promise<void> {
  if (typeof input === "function") return await input(path);
  if (typeof input === "string") return await Deno.writeTextFile(path, input);
  await Deno.writeFile(path, input instanceof Uint8Array ? input : tarBytes(input));
}

for (const [what, { input, ...refusal }] of Object.entries(BAD_ARCHIVES)) {
  Deno.test(`push and inspect say what is wrong with ${what}`, async () => {
    await using dir = await makeTempDir();
    await using home = await makeTempDir();
    await using registry = startTestRegistry();
    await write(input, dir.join("app.tar"));
    const before = await fileNames(dir.path);
    const push = ["push", dir.join("app.tar"), "-t", `${registry.host}/team/app:1`];
    assertRefused(await runCli(push, { home, cwd: dir.path }), refusal);
    const { manifests, tags } = registry.repository("team/app");
    assert.deepEqual([manifests.size, tags.size], [0, 0]);
    assert.deepEqual(await fileNames(dir.path), before);
    await assert.rejects(Deno.stat(home.join("state/push_history.json")), Deno.errors.NotFound);
    // The bytes of layers are looked at only when they are sent.
    if (refusal.code === 3) assertRefused(await runCli(["inspect", dir.join("app.tar")]), refusal);
  });
}

/** A registry that says no, or is none. */
interface BadRegistry extends Refusal {
  fault: Fault;
}

const BAD_REGISTRIES: Readonly<Record<string, BadRegistry>> = {
  "is a web server with a page for everything": {
    fault: { do: answerWith(htmlPage(200, "Welcome")) },
    code: 6,
    message: /as a registry: it answered 200 to .*, as a web server would/,
    hint: /Check host and port/,
  },
  "is a web server without such a page": {
    fault: { do: answerWith(htmlPage(404, "Not Found")) },
    code: 6,
    message: /as a registry: it answered 404 to .*, as a web server would/,
    hint: /Check host and port/,
  },
  "has no such repository": {
    fault: { on: "start-upload", do: refuse(404, "NAME_UNKNOWN", { message: "repository does not exist" }) },
    code: 6,
    message: /answered 404 NAME_UNKNOWN: repository does not exist/,
    hint: /Check that "team\/app" exists/,
  },
  "protects the tag": {
    fault: { on: "put-manifest", do: refuse(400, "TAG_INVALID", { message: "the tag is immutable" }) },
    code: 6,
    message: /Cannot push ".*\/team\/app:1": the registry answered 400 TAG_INVALID: the tag is immutable/,
    hint: /push under another tag/,
  },
  "does not let strangers write": {
    fault: { on: "start-upload", do: refuse(403, "DENIED", { message: "requested access is denied" }) },
    code: 4,
    message: /answered 403 DENIED: requested access is denied/,
    hint: /Run "docker-image-pusher login \S+": this registry does not allow it without a login/,
  },
  "says things a terminal would obey": {
    fault: { on: "put-manifest", do: refuse(400, "MANIFEST_INVALID", { message: "\x1b[2J\x07gone" }) },
    code: 6,
    message: /answered 400 MANIFEST_INVALID: \\u\{1b\}\[2J\\u\{7\}gone/,
    hint: /--format docker/,
  },
};

for (const [what, { fault, ...refusal }] of Object.entries(BAD_REGISTRIES)) {
  Deno.test(`push says so when the registry ${what}`, async () => {
    await using home = await makeTempDir();
    await using registry = startTestRegistry({ faults: [{ ...fault, times: Infinity }] });
    await Deno.writeFile(home.join("app.tar"), tarBytes(MEMBERS));
    const push = ["push", home.join("app.tar"), "-t", `${registry.host}/team/app:1`];
    assertRefused(await runCli(push, { home }), refusal);
    assert.equal(registry.repository("team/app").tags.size, 0);
    await assert.rejects(Deno.stat(home.join("state/push_history.json")), Deno.errors.NotFound);
  });
}

Deno.test("push and login say so when there is no such host", async () => {
  await using dir = await makeTempDir();
  await Deno.writeFile(dir.join("app.tar"), tarBytes(MEMBERS));
  const refusal: Refusal = {
    code: 5,
    message: /Cannot reach "no-such-host\.invalid": the host name is unknown/,
    hint: /Check the spelling, and the DNS settings/,
  };
  assertRefused(await runCli(["push", dir.join("app.tar"), "-t", "no-such-host.invalid/app:1"]), refusal);
  const login = ["login", "no-such-host.invalid", "-u", "ann", "--password-stdin"];
  assertRefused(await runCli(login, { stdin: "pw" }), refusal);
});

Deno.test("push says so when it does not know who signed the certificate, and how to make it known", async () => {
  await using dir = await makeTempDir();
  await Deno.writeFile(dir.join("app.tar"), tarBytes(MEMBERS));
  const authority = await createCertificateAuthority();
  await Deno.writeTextFile(dir.join("ca.pem"), authority.cert);
  await using registry = startTestRegistry({ tls: await authority.issue(["127.0.0.1"]) });
  const push = ["push", dir.join("app.tar"), "-t", `${registry.host}/team/app:1`];
  assertRefused(await runCli(push), {
    code: 5,
    message: /its certificate is signed by an unknown authority/,
    hint: /--ca-file/,
  });
  assert.equal((await runCli([...push, "--ca-file", dir.join("ca.pem")])).code, 0);
});
