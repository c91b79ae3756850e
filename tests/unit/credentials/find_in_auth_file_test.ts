import assert from "node:assert/strict";
import { parseAuthFile } from "../../../lib/credentials/auth_file.ts";
import { findInAuthFile, helperFor } from "../../../lib/credentials/find_in_auth_file.ts";
import { isPusherError } from "../../../lib/errors.ts";
import type { Credentials } from "../../../lib/spec/credentials.ts";

const KEPT = { username: "kept", password: "1" };
const AUTH = { auth: btoa("file:2") };

function fileOf(content: object): ReturnType<typeof parseAuthFile> {
  return parseAuthFile(new TextEncoder().encode(JSON.stringify(content)), "config.json");
}

/** Finds for `r.example/app` with helpers that have these answers. */
async function find(
  content: object,
  answers: Record<string, Credentials | undefined> = {},
): Promise<unknown[]> {
  const asked: string[] = [];
  const found = await findInAuthFile(
    fileOf(content),
    { registry: "r.example", repository: "app" },
    (helper, server) => {
      asked.push(`${helper} ${server}`);
      return Promise.resolve(answers[helper]);
    },
  );
  return [found?.source, ...asked];
}

const IN_FILE = '"r.example" in config.json';

Deno.test("findInAuthFile() asks the helper of the registry, else the one for all, then looks into the file", async () => {
  const auths = { "r.example": AUTH };
  const credHelpers = { "r.example": "own" };
  const own = "docker-credential-own, named in config.json";
  assert.deepEqual(await find({ auths, credHelpers, credsStore: "all" }, { own: KEPT }), [
    own,
    "own r.example",
  ]);
  assert.deepEqual(await find({ auths, credsStore: "all" }, { all: KEPT }), [
    "docker-credential-all, named in config.json",
    "all r.example",
  ]);
  assert.deepEqual(await find({ auths, credHelpers, credsStore: "all" }), [IN_FILE, "own r.example"]);
  assert.deepEqual(await find({ auths, credHelpers: { "r.example": "" }, credsStore: "all" }), [IN_FILE]);
  assert.deepEqual(await find({ auths }), [IN_FILE]);
  assert.deepEqual(await find({ credsStore: "all" }), [undefined, "all r.example"]);
  assert.deepEqual(await find({}), [undefined]);
});

Deno.test("findInAuthFile() does not go on when a helper fails: CVE-2021-41092", async () => {
  const file = fileOf({ auths: { "r.example": AUTH }, credsStore: "broken" });
  const failing = (): Promise<never> => Promise.reject(new Error("broken"));
  await assert.rejects(findInAuthFile(file, { registry: "r.example" }, failing), /broken/);
});

Deno.test("findInAuthFile() passes by entries that hold nothing", async () => {
  const auths = { "r.example": {}, "https://r.example/v1/": AUTH };
  assert.deepEqual(await find({ auths }), ['"https://r.example/v1/" in config.json']);
});

Deno.test("findInAuthFile() names an entry that is broken, if it is needed", async () => {
  const broken = { auth: "U0VDUkVU" };
  await assert.rejects(find({ auths: { "r.example": broken } }), (error) => {
    assert.ok(isPusherError(error, "CONFIG_INVALID"), String(error));
    assert.match(error.message, /"config\.json": "r\.example": an entry's auth is not user:password/);
    assert.doesNotMatch(error.message, /SECRET|U0VDUkVU/);
    return true;
  });
  assert.deepEqual(await find({ auths: { "other.example": broken, "r.example": AUTH } }), [IN_FILE]);
});

Deno.test("helperFor() knows Docker Hub by all its names", () => {
  for (const key of ["https://index.docker.io/v1/", "docker.io", "index.docker.io"]) {
    assert.equal(helperFor(fileOf({ credHelpers: { [key]: "hub" } }), "docker.io"), "hub", key);
  }
});
