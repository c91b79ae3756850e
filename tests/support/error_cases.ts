import assert from "node:assert/strict";
import { runCli } from "../../lib/cli/app.ts";
import { lockState } from "../../lib/state/state_lock.ts";
import { VERSION } from "../../lib/version.ts";
import type { FakeHost } from "../unit/cli/fake_host.ts";
import { mountBadDisk } from "./bad_disk.ts";
import {
  type CertificateAuthority,
  createCertificateAuthority,
  createSelfSignedCertificate,
  type IssueOptions,
} from "./certificate.ts";
import type { FakeClock } from "./fake_clock.ts";
import { PatientHost } from "./host_run.ts";
import { writeLargeArchive } from "./large_archive.ts";
import { answerWith, refuse } from "./registry/answer_faults.ts";
import { dropConnection, stall } from "./registry/connection_faults.ts";
import type { Behaviour, Fault } from "./registry/fault.ts";
import { makeTempDir, type TempDir } from "./temp_dir.ts";
import { startTestRegistry, type TestRegistryOptions } from "./test_registry.ts";

/** A failure as a user sees it. */
export interface ShownError {
  /** Of `errors.ts`. */
  code: string;
  /** What the process ends with. */
  exitCode: number;
  /** What is said, with names for examples. */
  message: string;
  /** What is advised. */
  hint: string;
}

/** A failure that can be provoked. */
export interface ErrorCase {
  /** What happened, in a few words. */
  what: string;
  /** Provokes it. */
  provoke: () => Promise<ShownError>;
}

/** What a command line can use. */
interface Stage {
  /** A directory with `app.tar`, which holds the image `app:1` in one layer of 2 MiB. */
  dir: TempDir;
  /** Host of a registry. */
  registry: string;
  /** The process. */
  host: FakeHost;
  /** Disposed when it is over. */
  resources: AsyncDisposableStack;
}

type Args = (stage: Stage) => readonly string[] | Promise<readonly string[]>;

/** Longer than a client waits for an answer. */
const PATIENCE_MS = 61_000;
const LAYER_BYTES = 2 * 2 ** 20;
const PASSWORDS: TestRegistryOptions = { auth: { type: "basic", users: { ann: "pw" } } };

/** Failures that users meet, in the order of the exit codes. */
export const ERROR_CASES: readonly ErrorCase[] = [
  failure("an option is misspelt", () => ["push", "app.tar", "--regsitry", "registry.example.com"]),
  failure("a value is misspelt", () => ["pull", "app:1", "--format", "ocu"]),
  failure("the target is no reference", ({ dir }) => ["push", dir.join("app.tar"), "-t", "r.example/App:1"]),
  failure("nothing says where to push", ({ dir }) => ["push", dir.join("app.tar")]),
  failure("the configuration has a mistake", async ({ dir }) => {
    await Deno.writeTextFile(dir.join("config.yaml"), "defaults:\n  concurrency: many\n");
    return ["history", "--config", dir.join("config.yaml")];
  }),
  failure(
    "the file to write is there",
    ({ dir, registry }) => ["pull", `${registry}/team/app:1`, "-o", dir.join("app.tar")],
  ),
  failure("there is no such archive", ({ dir }) => ["inspect", dir.join("no.tar")]),
  failure("the file is no archive", async ({ dir }) => {
    await Deno.writeTextFile(dir.join("notes.txt"), "no image in here\n".repeat(100));
    return ["inspect", dir.join("notes.txt")];
  }),
  failure("the archive is cut off", async ({ dir }) => {
    await Deno.truncate(dir.join("app.tar"), LAYER_BYTES / 2);
    return ["inspect", dir.join("app.tar")];
  }),
  failure("the archive has no such image", (stage) => [...push(stage), "--image", "db"]),
  failure("the registry has no such image", ({ registry }) => ["inspect", `${registry}/team/app:2`]),
  failure(
    "no runtime has the image",
    ({ dir }) => ["save", "app:1", "--output-dir", dir.path, "--runtime", "nerdctl"],
  ),
  failure("there is no directory to write to", (stage) => pullTo(stage.dir.join("no/app.tar"), stage)),
  failure("the disk is full", pullToFullDisk),
  failure("401 without a login", push, PASSWORDS),
  failure(
    "401 with a login",
    (stage) => [...push(stage), "--username", "ann", "--password", "guess"],
    PASSWORDS,
  ),
  refusal("403", 403, "DENIED", ["start-upload", "mount"]),
  failure("the host is unknown", ({ dir }) => ["push", dir.join("app.tar"), "-t", "registry.invalid/app:1"]),
  failure(
    "nobody listens at the port",
    ({ dir }) => ["push", dir.join("app.tar"), "-t", "127.0.0.1:2/app:1"],
  ),
  failure("the connection breaks again and again", push, {
    faults: [{ on: "start-upload", times: Infinity, do: dropConnection("before-answer") }],
  }),
  failure("the certificate is signed by itself", push, async () => (
    { tls: await createSelfSignedCertificate("127.0.0.1") }
  )),
  failure("the certificate is of an unknown authority", push, async () => (
    { tls: await (await createCertificateAuthority()).issue(["127.0.0.1"]) }
  )),
  trustedFailure("the certificate is for another host", ["other.example.com"]),
  trustedFailure("the certificate has expired", ["127.0.0.1"], { notAfter: "210101000000Z" }),
  silence(),
  refusal("400", 400, "MANIFEST_INVALID", "put-manifest"),
  refusal("404", 404, "NAME_UNKNOWN", "start-upload"),
  refusal("409, a protected tag", 409, "TAG_INVALID", "put-manifest"),
  refusal("413", 413, "SIZE_INVALID", ["append", "commit"]),
  refusal("416", 416, "BLOB_UPLOAD_INVALID", ["append", "commit"]),
  refusal("429", 429, "TOOMANYREQUESTS", "start-upload"),
  refusal("500", 500, "UNKNOWN", "start-upload"),
  refusal("503", 503, "UNAVAILABLE", "start-upload"),
  failure("the registry misses a blob it said it has", push, {
    faults: [{ on: "put-manifest", times: Infinity, do: refuse(404, "MANIFEST_BLOB_UNKNOWN") }],
  }),
  failure("the host is no registry", push, {
    faults: [{ on: "ping", times: Infinity, do: answerWith({ status: 404, body: "nothing here" }) }],
  }),
  failure("a layer is not what the image says", async ({ dir, registry }) => {
    using file = await Deno.open(dir.join("app.tar"), { write: true });
    await file.seek(LAYER_BYTES / 2, Deno.SeekMode.Start);
    await file.write(new Uint8Array(100));
    return ["push", dir.join("app.tar"), "-t", `${registry}/team/app:1`];
  }),
  failure("a file of the state directory is damaged", async (stage) => {
    await Deno.mkdir(stage.dir.join("state"));
    await Deno.writeTextFile(stage.dir.join("state/credentials.json"), "{");
    return push(stage);
  }),
  failure("another process holds the state directory", async (stage) => {
    stage.resources.use(await lockState(stage.dir.join("state"), stage.host.clock));
    return login(stage);
  }),
  failure("the state directory cannot be made", async (stage) => {
    await Deno.writeTextFile(stage.dir.join("state"), "a file");
    return login(stage);
  }),
  failure("one of two targets fails", (stage) => [...push(stage), "-t", "127.0.0.1:2/app:1"]),
  failure("a bug", (stage) => {
    stage.host.env = () => {
      throw new TypeError("x is not a function");
    };
    return push(stage);
  }),
  failure("Ctrl-C", (stage) => {
    const { host } = stage;
    const write = host.stderr.write.bind(host.stderr);
    host.stderr.write = (text) => {
      write(text);
      host.sendSignal("SIGINT");
    };
    return push(stage);
  }),
];

function push({ dir, registry }: Stage): string[] {
  return ["push", dir.join("app.tar"), "-t", `${registry}/team/app:1`];
}

function login({ registry }: Stage): string[] {
  return ["login", registry, "--username", "ann", "--password", "pw"];
}

/** A certificate of an authority that the client trusts. */
function trustedFailure(what: string, hosts: readonly string[], options?: IssueOptions): ErrorCase {
  let authority: CertificateAuthority;
  return failure(what, async (stage) => {
    await Deno.writeTextFile(stage.dir.join("ca.pem"), authority.cert);
    return [...push(stage), "--ca-file", stage.dir.join("ca.pem")];
  }, async () => {
    authority = await createCertificateAuthority();
    return { tls: await authority.issue(hosts, options) };
  });
}

/** The registry takes a request and says nothing. */
function silence(): ErrorCase {
  let clock: FakeClock;
  const silent: Behaviour = async (exchange, next) => {
    await clock.advance(PATIENCE_MS);
    return await stall("before-body")(exchange, next);
  };
  return failure("the registry is silent", (stage) => {
    clock = stage.host.clock;
    return push(stage);
  }, { faults: [{ on: "start-upload", times: Infinity, do: silent }] });
}

async function pullToFullDisk(stage: Stage): Promise<string[]> {
  const disk = await mountBadDisk("full");
  stage.resources.use(disk);
  return await pullTo(`${disk.path}/app.tar`, stage);
}

/** Pulls what is pushed before. */
async function pullTo(path: string, stage: Stage): Promise<string[]> {
  assert.equal(await runCli(push(stage), stage.host), 0, stage.host.stderr.text);
  return ["pull", `${stage.registry}/team/app:1`, "-o", path];
}

function refusal(what: string, status: number, code: string, on: NonNullable<Fault["on"]>): ErrorCase {
  return failure(what, push, { faults: [{ on, times: Infinity, do: refuse(status, code) }] });
}

function failure(
  what: string,
  args: Args,
  options: TestRegistryOptions | (() => Promise<TestRegistryOptions>) = {},
): ErrorCase {
  return {
    what,
    provoke: async () => {
      await using resources = new AsyncDisposableStack();
      const dir = resources.use(await makeTempDir());
      await writeLargeArchive(dir.join("app.tar"), [LAYER_BYTES]);
      await using registry = startTestRegistry(typeof options === "function" ? await options() : options);
      const host = new PatientHost({
        env: { DOCKER_IMAGE_PUSHER_STATE_DIR: dir.join("state"), HOME: dir.path },
      });
      const line = await args({ dir, registry: registry.host, host, resources });
      host.stderr.text = "";
      const exitCode = await runCli([...line, "--progress", "json"], host);
      const { error } = JSON.parse(host.stderr.text.trimEnd().split("\n").at(-1)!);
      const shown = (text: string): string =>
        text.replaceAll(`${dir.path}/`, "").replace(/\/[^ "]*docker-image-pusher-test-\w+\//, "").replaceAll(
          registry.host,
          "registry.example.com",
        )
          .replaceAll(VERSION, "VERSION");
      return { code: error.code, exitCode, message: shown(error.message), hint: shown(error.hint ?? "") };
    },
  };
}
