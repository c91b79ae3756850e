import assert from "node:assert/strict";
import { createCertificateAuthority } from "../../support/certificate.ts";
import { makePushStage } from "../../support/push_stage.ts";
import { redirectTo } from "../../support/registry/answer_faults.ts";
import type { Fault } from "../../support/registry/fault.ts";
import { writeLocation } from "../../support/registry/location_form.ts";
import { type CliResult, runCli } from "../../support/run_cli.ts";
import { makeTempDir } from "../../support/temp_dir.ts";
import { startTestRegistry, type TestRegistry } from "../../support/test_registry.ts";

const LOCATED = ["start-upload", "append", "status"] as const;

/** Pushes over TLS with a certificate that the command is told to trust. */
async function pushOverTls(
  faults: readonly Fault[],
): Promise<CliResult & { registry: TestRegistry } & AsyncDisposable> {
  await using resources = new AsyncDisposableStack();
  const stage = resources.use(await makePushStage());
  const home = resources.use(await makeTempDir());
  const authority = await createCertificateAuthority();
  await Deno.writeTextFile(home.join("ca.crt"), authority.cert);
  const registry = resources.use(startTestRegistry({ tls: await authority.issue(["127.0.0.1"]), faults }));
  const args = ["push", stage.archivePath, "-t", `${registry.host}/app:1`, "--blob-chunk", "1MiB"];
  const result = await runCli([...args, "--ca-file", home.join("ca.crt")], { home });
  const held = resources.move();
  return { ...result, registry, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

for (const form of ["absolute", "http", "lost-port"] as const) {
  Deno.test(`a Location in the form "${form}" of a registry with TLS is followed over TLS`, async () => {
    await using outcome = await pushOverTls([{ on: LOCATED, times: Infinity, do: writeLocation(form) }]);
    assert.equal(outcome.code, 0, outcome.stderr);
    assert.equal(outcome.registry.repository("app").tags.size, 1);
  });
}

Deno.test("a redirect that leaves TLS is refused", async () => {
  await using elsewhere = startTestRegistry();
  await using outcome = await pushOverTls([{
    on: "head-blob",
    times: Infinity,
    do: redirectTo(({ request }) => `${elsewhere.origin}${request.path}`),
  }]);
  assert.equal(outcome.code, 6, outcome.stderr);
  assert.match(outcome.stderr, /redirects elsewhere, but it leaves TLS/);
  assert.deepEqual(elsewhere.requests, []);
});

Deno.test("an upload location on another host that leaves TLS is refused", async () => {
  await using elsewhere = startTestRegistry();
  await using outcome = await pushOverTls([{
    on: "start-upload",
    times: Infinity,
    do: () => ({ status: 202, headers: { "Location": elsewhere.origin.replace("127.0.0.1", "localhost") } }),
  }]);
  assert.equal(outcome.code, 6, outcome.stderr);
  assert.match(outcome.stderr, /upload location cannot be trusted, as it leaves TLS/);
  assert.deepEqual(elsewhere.requests, []);
});
