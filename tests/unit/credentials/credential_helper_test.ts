import assert from "node:assert/strict";
import { CredentialHelper } from "../../../lib/credentials/credential_helper.ts";
import { isPusherError, type PusherError } from "../../../lib/errors.ts";
import { systemClock } from "../../../lib/util/clock.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { writeShellProgram } from "../../support/shell_program.ts";
import { makeTempDir, type TempDir } from "../../support/temp_dir.ts";

const NAME = `test-${crypto.randomUUID()}`;
const PROGRAM = `docker-credential-${NAME}`;

interface Helper extends AsyncDisposable {
  dir: TempDir;
  helper: CredentialHelper;
}

/** Puts a helper on the PATH, written for `/bin/sh`. */
async function makeHelper(
  script: string,
  options: Partial<{ clock: FakeClock; signal: AbortSignal }> = {},
): Promise<Helper> {
  await using stack = new AsyncDisposableStack();
  const dir = stack.use(await makeTempDir());
  await writeShellProgram(dir, PROGRAM, `cd '${dir.path}'\n${script}`);
  const path = Deno.env.get("PATH") ?? "";
  Deno.env.set("PATH", `${dir.path}:${path}`);
  stack.defer(() => Deno.env.set("PATH", path));
  const resources = stack.move();
  const { clock = systemClock, signal = new AbortController().signal } = options;
  return {
    dir,
    helper: new CredentialHelper(NAME, { clock, signal }),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

async function failureOf(work: Promise<unknown>): Promise<PusherError<"HELPER_FAILED">> {
  const error = await work.then(() => assert.fail("it did not fail"), (error) => error);
  assert.ok(isPusherError(error, "HELPER_FAILED"), String(error));
  assert.equal(error.detail.helper, PROGRAM);
  return error;
}

function testHelper(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: Deno.build.os === "windows", fn });
}

testHelper("get() asks for the server on standard input, and shows no secret to other users", async () => {
  await using stage = await makeHelper(`cat > stdin; echo "$@" > args
    printf '{"ServerURL":"x","Username":"ann","Secret":"p\\\\"w"}'`);
  assert.deepEqual(await stage.helper.get("r.example"), { username: "ann", password: 'p"w' });
  assert.equal(await Deno.readTextFile(stage.dir.join("stdin")), "r.example");
  assert.equal(await Deno.readTextFile(stage.dir.join("args")), "get\n");
});

testHelper("get() takes the user <token> for an identity token", async () => {
  await using stage = await makeHelper(`printf '{"Username":"<token>","Secret":"t"}'`);
  assert.deepEqual(await stage.helper.get("r.example"), { username: "<token>", identityToken: "t" });
});

testHelper("get() knows both ways of having nothing", async () => {
  const scripts = [
    "echo 'credentials not found in native keychain'; exit 1",
    `printf '{"ServerURL":"r.example","Username":"","Secret":""}'`,
    `printf '{}'`,
  ];
  for (const script of scripts) {
    await using stage = await makeHelper(script);
    assert.equal(await stage.helper.get("r.example"), undefined, script);
  }
});

testHelper("get() fails when the helper does, in the helper's words", async () => {
  const scripts: [string, RegExp][] = [
    ["echo 'keyring is locked'; exit 1", /: keyring is locked$/],
    ["echo 'gpg: no pinentry' >&2; exit 2", /: gpg: no pinentry$/],
    [`printf 'a\\n\\n b\\033[31m'; exit 1`, /: a b\\u\{1b\}\[31m$/],
    ["yes s3cret", /: it wrote more than a credential helper should$/],
    ["exit 3", /: it ended with exit code 3$/],
    ["kill -9 $$", /: it ended with exit code 137$/],
    [`printf '{"Secret":"s3cret"}'; exit 1`, /: it ended with exit code 1$/],
  ];
  for (const [script, message] of scripts) {
    await using stage = await makeHelper(script);
    assert.match((await failureOf(stage.helper.get("r.example"))).message, message);
  }
});

testHelper("get() fails at an answer that is none, and repeats nothing of it", async () => {
  const scripts = [
    "echo s3cret",
    "true",
    `printf '["s3cret"]'`,
    `printf '{"Username":"ann","Secret":5318008}'`,
    `printf '{"Username":{"s3cret":1},"Secret":"s3cret"}'`,
  ];
  for (const script of scripts) {
    await using stage = await makeHelper(script);
    const error = await failureOf(stage.helper.get("r.example"));
    assert.match(error.message, /its answer is not what a credential helper's should be$/);
    assert.equal(error.cause, undefined);
  }
});

Deno.test("get() fails when there is no such helper: CVE-2021-41092", async () => {
  const { signal } = new AbortController();
  const helper = new CredentialHelper(NAME, { clock: systemClock, signal });
  const error = await failureOf(helper.get("r.example"));
  assert.match(error.message, /^Cannot run "docker-credential-test-.*": there is no such program on PATH$/);
  assert.match(error.hint!, /credsStore/);
});

testHelper("get() ends a helper that does not end", async () => {
  const clock = new FakeClock();
  await using stage = await makeHelper("echo started >&2; exec sleep 1000", { clock });
  const failing = failureOf(stage.helper.get("r.example"));
  await clock.advance(120_000);
  assert.match((await failing).message, /did not end within two minutes$/);
});

testHelper("get() ends a helper when the user stops the program", async () => {
  const stopping = new AbortController();
  await using stage = await makeHelper("exec sleep 1000", { signal: stopping.signal });
  const getting = stage.helper.get("r.example");
  stopping.abort(new Error("stopped"));
  await assert.rejects(getting, /stopped/);
});

testHelper("store() gives the secret on standard input only", async () => {
  await using stage = await makeHelper(`cat > stdin; echo "$@" > args`);
  await stage.helper.store("r.example", "ann", 's3cret"');
  assert.deepEqual(JSON.parse(await Deno.readTextFile(stage.dir.join("stdin"))), {
    ServerURL: "r.example",
    Username: "ann",
    Secret: 's3cret"',
  });
  assert.equal(await Deno.readTextFile(stage.dir.join("args")), "store\n");
});

testHelper("store() does not repeat a secret that the helper complains about", async () => {
  await using stage = await makeHelper("echo 'cannot store s3cret here'; exit 1");
  const error = await failureOf(stage.helper.store("r.example", "ann", "s3cret"));
  assert.match(error.message, /: cannot store \[redacted\] here$/);
});

testHelper("erase() is content when nothing is left, and fails otherwise", async () => {
  const gone = `[ "$1" = get ] && printf '{}' || { echo 'not in the store'; exit 1; }`;
  await using empty = await makeHelper(gone);
  await empty.helper.erase("r.example");
  await using locked = await makeHelper(
    `[ "$1" = get ] && printf '{"Username":"a","Secret":"b"}' || { echo 'keyring is locked'; exit 1; }`,
  );
  assert.match((await failureOf(locked.helper.erase("r.example"))).message, /: keyring is locked$/);
});
