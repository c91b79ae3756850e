import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { type DenoPin, fetchArchive } from "../../../scripts/release/deno_executable.ts";
import { makeTempDir } from "../../support/temp_dir.ts";

const ARCHIVE = new TextEncoder().encode("an archive");

const PIN: DenoPin = {
  package: "@deno/test",
  version: "1.0.0",
  integrity: `sha512-${createHash("sha512").update(ARCHIVE).digest("base64")}`,
  target: "test",
};

/** A server that notes what each request says of who it is from. */
function serve(answer: () => Response): { host: string; logins: (string | null)[] } & AsyncDisposable {
  const logins: (string | null)[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, ({ headers }) => {
    logins.push(headers.get("authorization"));
    return answer();
  });
  return {
    host: `127.0.0.1:${server.addr.port}`,
    logins,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

Deno.test("fetchArchive() logs in to a private registry, not where it sends us, and keeps what it got", async () => {
  await using dir = await makeTempDir();
  await using storage = serve(() => new Response(ARCHIVE));
  await using registry = serve(() => Response.redirect(`http://${storage.host}/archive.tgz`));
  await Deno.writeTextFile(
    dir.join("npmrc"),
    `registry=http://${registry.host}/npm\n//${registry.host}/npm/:_authToken=secret\n`,
  );
  const env = { XDG_CACHE_HOME: dir.path, NPM_CONFIG_USERCONFIG: dir.join("npmrc") };
  for (let time = 1; time <= 2; time++) assert.deepEqual(await fetchArchive(PIN, env), ARCHIVE);
  assert.deepEqual(registry.logins, ["Bearer secret"]);
  assert.deepEqual(storage.logins, [null]);
});

Deno.test("fetchArchive() refuses what was not pinned and keeps nothing of it", async () => {
  await using dir = await makeTempDir();
  await using registry = serve(() => new Response("another archive"));
  const env = { XDG_CACHE_HOME: dir.path, NPM_CONFIG_REGISTRY: `http://${registry.host}` };
  await assert.rejects(fetchArchive(PIN, env), /its integrity is sha512-/);
  assert.deepEqual(await Array.fromAsync(Deno.readDir(dir.path)), []);
});
