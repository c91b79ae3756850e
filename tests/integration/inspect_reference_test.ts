import assert from "node:assert/strict";
import { fixturePath } from "../support/fixture_archives.ts";
import { putImage, putIndex } from "../support/pull_stage.ts";
import { pushArchive } from "../support/push_archive.ts";
import { assertRefused } from "../support/refusal.ts";
import { runCli } from "../support/run_cli.ts";
import { sha256Of } from "../support/registry/repository.ts";
import { startTestRegistry } from "../support/test_registry.ts";

Deno.test("inspect shows what an image consists of in its registry, and downloads no layer", async () => {
  await using registry = startTestRegistry();
  await pushArchive(fixturePath("c8d-mp"), { targets: [`${registry.host}/mp:1`] });
  const before = registry.requests.length;
  const { code, stdout, stderr } = await runCli(["inspect", `${registry.host}/mp:1`, "--json"]);
  assert.equal(code, 0, stderr);
  const { reference, format, images: [image] } = JSON.parse(stdout);
  assert.deepEqual([reference, format, image.kind], [`${registry.host}/mp:1`, "registry", "index"]);
  const kinds = image.manifests.map(({ kind, platform }: { kind: string; platform?: string }) =>
    platform ?? kind
  );
  assert.deepEqual(kinds, ["linux/amd64", "linux/arm64", "attestation", "attestation"]);
  const [amd64] = image.manifests;
  assert.equal(amd64.history.length, amd64.layers.length + amd64.history.filter(isEmpty).length);
  assert.ok(amd64.config.Cmd ?? amd64.config.Entrypoint ?? amd64.config.Env);
  const layers = new Set(amd64.layers.map(({ digest }: { digest: string }) => digest));
  assert.ok(registry.requests.slice(before).every(({ path }) => !layers.has(path.split("/").at(-1))));
});

Deno.test("inspect shows what an index lists and its registry lacks", async () => {
  await using registry = startTestRegistry();
  const { manifests: [amd64, arm64] } = putIndex(registry, "sparse:1");
  registry.repository("sparse").manifests.delete(arm64.digest);
  const { code, stdout, stderr } = await runCli(["inspect", `${registry.host}/sparse:1`]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, new RegExp(`digest   ${amd64.digest}`));
  assert.match(stdout, new RegExp(`lacks    linux/arm64  ${arm64.digest.slice(7, 19)}`));
});

Deno.test("inspect --raw prints the exact bytes of the manifest or index behind a name", async () => {
  await using registry = startTestRegistry();
  const { index, manifests: [amd64] } = putIndex(registry, "app:1");
  for (const [suffix, { digest }] of [[":1", index], [`@${amd64.digest}`, amd64]] as const) {
    const { code, stdout, stderr } = await runCli(["inspect", "--raw", `${registry.host}/app${suffix}`]);
    assert.equal(code, 0, stderr);
    assert.equal(sha256Of(new TextEncoder().encode(stdout)), digest);
  }
});

Deno.test("inspect takes no mistyped path for an image, and says when a registry has no such image", async () => {
  await using registry = startTestRegistry();
  putImage(registry, "app:1");
  for (const path of ["missing.tar", "missing", "dir/missing", "./missing:1", "images.d/app.tar"]) {
    assertRefused(await runCli(["inspect", path]), { code: 3, message: /no such file/, hint: /./ });
  }
  assertRefused(await runCli(["inspect", `${registry.host}/app:2`]), {
    code: 3,
    message: /the registry has no such image/,
    hint: /names of repository and tag/,
  });
  assertRefused(await runCli(["inspect", "--raw", "missing.tar"]), {
    code: 2,
    message: /--raw|at a registry/,
    hint: /Name one/,
  });
});

function isEmpty({ empty_layer }: { empty_layer?: boolean }): boolean {
  return empty_layer === true;
}
