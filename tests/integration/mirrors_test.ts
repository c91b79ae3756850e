import assert from "node:assert/strict";
import { type Config, readConfig } from "../../lib/commands/read_config.ts";
import { isPusherError } from "../../lib/errors.ts";
import { assertCopied, putReferrer, runCopy } from "../support/copy_stage.ts";
import { putImage, runPull } from "../support/pull_stage.ts";
import { makeTempDir } from "../support/temp_dir.ts";
import { startTestRegistry } from "../support/test_registry.ts";

const CLOSED_PORT_HOST = "127.0.0.1:9";

async function configOf(path: string, mirrors: Record<string, readonly string[]>): Promise<Config> {
  const hosts = Object.entries(mirrors).map(([host, names]) => [host, { mirrors: names }]);
  await Deno.writeTextFile(path, JSON.stringify({ hosts: Object.fromEntries(hosts) }));
  const config = await readConfig({ config: path, env: () => undefined });
  assert.ok(config);
  return config;
}

Deno.test("pull asks mirrors first, below their path, and a registry that has nothing to add is not asked", async () => {
  await using mirror = startTestRegistry();
  await using dir = await makeTempDir();
  const { manifest } = putImage(mirror, "cache/hub/app:1");
  const config = await configOf(dir.join("config.yaml"), {
    [CLOSED_PORT_HOST]: [`${mirror.host}/cache/hub`],
  });
  const run = await runPull([`${CLOSED_PORT_HOST}/app:1`], {
    output: dir.join("app.tar"),
    stateDir: dir.join("state"),
  }, { config });
  assert.equal(run.error, undefined);
  assert.deepEqual(run.report?.images, [
    { reference: `${CLOSED_PORT_HOST}/app:1`, digest: manifest.digest, mediaType: manifest.mediaType },
  ]);
  assert.ok(run.events.every(({ type }) => type !== "warning"));
});

Deno.test("pull takes from the registry what its mirrors do not have", async () => {
  await using registry = startTestRegistry();
  await using mirror = startTestRegistry();
  await using dir = await makeTempDir();
  const { manifest, layers: [layer] } = putImage(registry, "app:1");
  putImage(mirror, "other:1");
  const config = await configOf(dir.join("config.yaml"), { [registry.host]: [mirror.host] });
  const run = await runPull([`${registry.host}/app:1`], {
    output: dir.join("app.tar"),
    stateDir: dir.join("state"),
  }, { config });
  assert.equal(run.error, undefined);
  assert.equal(run.report?.images[0]?.digest, manifest.digest);
  assert.ok(mirror.requests.some(({ path }) => path.endsWith("/app/manifests/1")));
  assert.ok(registry.requests.some(({ path }) => path.endsWith(layer!.digest)));
  assert.ok(run.events.every(({ type }) => type !== "warning"));
});

Deno.test("pull goes on without a mirror that cannot be reached, and says so", async () => {
  await using registry = startTestRegistry();
  await using dir = await makeTempDir();
  const { manifest } = putImage(registry, "app:1");
  const config = await configOf(dir.join("config.yaml"), { [registry.host]: [CLOSED_PORT_HOST] });
  const run = await runPull([`${registry.host}/app:1`], {
    output: dir.join("app.tar"),
    stateDir: dir.join("state"),
  }, { config });
  assert.equal(run.error, undefined);
  assert.equal(run.report?.images[0]?.digest, manifest.digest);
  assert.ok(
    run.events.some((event) =>
      event.type === "warning" &&
      event.message.startsWith(`The mirror ${CLOSED_PORT_HOST}/app is not asked: `)
    ),
  );
});

Deno.test("pull fails as the registry fails when no mirror has the image", async () => {
  await using registry = startTestRegistry();
  await using mirror = startTestRegistry();
  await using dir = await makeTempDir();
  const config = await configOf(dir.join("config.yaml"), { [registry.host]: [mirror.host] });
  const run = await runPull([`${registry.host}/app:1`], {
    output: dir.join("app.tar"),
    stateDir: dir.join("state"),
  }, { config });
  assert.ok(isPusherError(run.error, "IMAGE_NOT_FOUND"));
  assert.match(run.error.message, new RegExp(registry.host));
});

Deno.test("copy reads from mirrors of its source, asks the registry for lists and the rest, and writes to none", async () => {
  await using registry = startTestRegistry();
  await using mirror = startTestRegistry();
  await using target = startTestRegistry();
  await using dir = await makeTempDir();
  const { manifest, layers: [layer] } = putImage(registry, "app:1.0");
  const signature = putReferrer(registry, "app", manifest, "a signature");
  putImage(mirror, "hub/app:1.0");
  putImage(registry, "app:1.1", { layers: ["another layer"] });
  const config = await configOf(dir.join("config.yaml"), {
    [registry.host]: [`${mirror.host}/hub`],
    [target.host]: [mirror.host],
  });
  const run = await runCopy(
    `${registry.host}/app:1.*`,
    [`${target.host}/app`],
    { stateDir: dir.path, referrers: true },
    { config },
  );
  const { copied } = assertCopied(run);
  assert.deepEqual(copied.map(({ source }) => source), [
    `${registry.host}/app:1.0`,
    `${registry.host}/app:1.1`,
  ]);
  const blobsAt = (host: typeof registry): string[] =>
    host.requests.filter(({ kind }) => kind === "get-blob").map(({ path }) => path.replace(/.*\//, ""));
  assert.ok(blobsAt(mirror).includes(layer!.digest));
  assert.ok(!blobsAt(registry).includes(layer!.digest));
  assert.ok(target.repository("app").manifests.has(signature.digest));
  assert.ok(mirror.requests.every(({ method }) => method === "GET" || method === "HEAD"));
});
