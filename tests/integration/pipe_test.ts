import assert from "node:assert/strict";
import { push, type PushOptions } from "../../lib/commands/push/push.ts";
import { isPusherError, PusherError } from "../../lib/errors.ts";
import { type Digest, digestOf } from "../../lib/spec/digest.ts";
import type { TransferEvent } from "../../lib/transfer/events.ts";
import {
  annotated,
  dockerSaveMembers,
  layerBytes,
  ociBlob,
  ociLayoutMembers,
  ociManifest,
  tarBytes,
} from "../support/archives.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { pipedInput } from "../support/piped_input.ts";
import { layerBodies, type PushRun, uploadedBytes } from "../support/push_stage.ts";
import { refuse } from "../support/registry/answer_faults.ts";
import { dropConnection } from "../support/registry/connection_faults.ts";
import { makeTempDir, type TempDir } from "../support/temp_dir.ts";
import { startTestRegistry, type TestRegistry } from "../support/test_registry.ts";

const MIB = 2 ** 20;
const LAYER = layerBytes("0123456789abcdef".repeat(3.4 * MIB / 16));
const LAYER_DIGEST = await digestOf(LAYER);
/** Layers without names that say anything of them, as docker before 25 writes. */
const DOCKER = tarBytes(await dockerSaveMembers([{ tags: ["team/app:1"], layers: [LAYER] }]));
/** The layer is named by its digest. */
const OCI = tarBytes(await ociMembers());

async function ociMembers(): Promise<Parameters<typeof tarBytes>[0]> {
  const config = await ociBlob(
    { os: "linux", architecture: "amd64", rootfs: { type: "layers", diff_ids: [LAYER_DIGEST] } },
    "application/vnd.oci.image.config.v1+json",
  );
  const layer = await ociBlob(LAYER, "application/vnd.oci.image.layer.v1.tar");
  const manifest = await ociManifest(config, [layer]);
  return ociLayoutMembers([
    annotated(manifest, { "org.opencontainers.image.ref.name": "r.example/team/app:1" }),
  ]);
}

interface Piping extends Partial<PushOptions> {
  /** Where the state is; forgotten with the run when absent. */
  dir?: TempDir;
  signal?: AbortSignal;
  onRead?: (readBytes: number) => void | Promise<void>;
}

/** Pushes what is piped in, in parts of 1 MiB; it never throws. */
async function pipe(bytes: Uint8Array, piping: Piping): Promise<PushRun> {
  await using own = await makeTempDir();
  const { dir = own, signal = new AbortController().signal, onRead, ...options } = piping;
  const events: TransferEvent[] = [];
  const context = {
    signal,
    clock: new FakeClock({ autoAdvance: true }),
    random: () => 0.5,
    env: () => undefined,
    onEvent: (event: TransferEvent) => void events.push(event),
    input: pipedInput(bytes, onRead),
  };
  const pushOptions = { archives: ["-"], chunkSizeBytes: MIB, stateDir: dir.join("state"), ...options };
  try {
    return { report: await push(pushOptions, context), error: undefined, events };
  } catch (error) {
    return { report: undefined, error, events };
  }
}

function assertPushed({ error, report }: PushRun, registry: TestRegistry, name = "app", tag = "1"): void {
  if (error !== undefined) throw error;
  assert.ok(report?.pushed.some(({ reference }) => reference === `${registry.host}/${name}:${tag}`));
  const repository = registry.repository(name);
  const { config, layers } = repository.readManifest(tag);
  assert.deepEqual(layers.map(({ digest }: { digest: Digest }) => digest), [LAYER_DIGEST]);
  for (const { digest, size } of [config, ...layers]) {
    assert.equal(repository.blobs.get(digest)?.sizeBytes, size);
  }
}

function assertNothingTagged(registry: TestRegistry, name = "app"): void {
  const { manifests, tags } = registry.repository(name);
  assert.deepEqual([manifests.size, tags.size], [0, 0]);
}

function errorOf({ error }: PushRun): PusherError {
  assert.ok(isPusherError(error), String(error));
  return error;
}

for (const [kind, bytes] of [["a docker-archive", DOCKER], ["an oci-archive", OCI]] as const) {
  Deno.test(`${kind} goes through a pipe in parts, each byte once`, async () => {
    await using registry = startTestRegistry();
    const run = await pipe(bytes, { targets: [`${registry.host}/app:1`] });
    assertPushed(run, registry);
    assert.deepEqual(layerBodies(registry), ["PATCH 1", "PATCH 1", "PATCH 1", "PATCH 0.402"]);
    assert.equal(run.report?.sentBytes, uploadedBytes(registry));
  });

  Deno.test(`a part of ${kind} that breaks off is sent again from memory`, async () => {
    await using registry = startTestRegistry();
    registry.addFault({ on: "append", nth: 3, times: 2, do: dropConnection({ afterBodyBytes: 300_000 }) });
    const run = await pipe(bytes, { targets: [`${registry.host}/app:1`] });
    assertPushed(run, registry);
    assert.equal(run.events.filter(({ type }) => type === "blob:retry").length, 2);
    assert.equal(
      registry.requests.filter(({ kind }) => kind === "start-upload").length,
      2,
      "layer and config",
    );
  });

  Deno.test(`${kind} whose first bytes are gone when its upload is lost is not tagged`, async () => {
    await using registry = startTestRegistry();
    registry.addFault({
      on: ["append", "status"],
      nth: 4,
      times: Infinity,
      do: refuse(404, "BLOB_UPLOAD_UNKNOWN"),
    });
    const error = errorOf(await pipe(bytes, { targets: [`${registry.host}/app:1`] }));
    assert.equal(error.code, "REGISTRY_REJECTED");
    assert.match(error.hint!, /Write the input to a file and push that/);
    assertNothingTagged(registry);
  });

  Deno.test(`${kind} whose writer dies anywhere is not tagged`, async () => {
    await using registry = startTestRegistry();
    const ends = [
      0,
      100,
      512,
      700,
      MIB,
      LAYER.length,
      bytes.length - 3000,
      bytes.length - 1025,
      bytes.length - 1024,
    ];
    for (const end of ends) {
      const error = errorOf(await pipe(bytes.subarray(0, end), { targets: [`${registry.host}/app:1`] }));
      assert.ok(["ARCHIVE_CORRUPT", "ARCHIVE_UNSUPPORTED"].includes(error.code), `${end}: ${error.message}`);
      assertNothingTagged(registry);
    }
  });

  Deno.test(`${kind} reaches one registry although another fails`, async () => {
    await using good = startTestRegistry();
    await using bad = startTestRegistry({
      faults: [{ on: "append", nth: 2, times: Infinity, do: refuse(403, "DENIED") }],
    });
    const run = await pipe(bytes, {
      targets: [`${bad.host}/app:1`, `${good.host}/app:1`, `${good.host}/other:2`],
    });
    assertPushed(run, good);
    assertPushed(run, good, "other", "2");
    assert.deepEqual(run.report?.failures.map(({ reference }) => reference), [`${bad.host}/app:1`]);
    assertNothingTagged(bad);
  });

  Deno.test(`${kind} goes under its own name when its blobs can be mounted`, async () => {
    await using registry = startTestRegistry();
    const run = await pipe(bytes, { registry: `${registry.host}/mirror` });
    assertPushed(run, registry, "mirror/team/app");
    assertNothingTagged(registry, "mirror/docker-image-pusher-staging");
    assert.equal(layerBodies(registry).length, 4);
  });

  Deno.test(`${kind} does not go under its own name where nothing is mounted`, async () => {
    await using registry = startTestRegistry();
    registry.addFault({ on: "mount", times: Infinity, do: refuse(405, "UNSUPPORTED") });
    const error = errorOf(await pipe(bytes, { registry: registry.host }));
    assert.match(error.hint!, /-t needs no mounting/);
    assertNothingTagged(registry, "team/app");
  });

  Deno.test(`${kind} that is stopped while nothing comes ends at once`, async () => {
    await using registry = startTestRegistry();
    const stop = new AbortController();
    const onRead = async (readBytes: number): Promise<void> => {
      if (readBytes < 2 * MIB) return;
      stop.abort(new PusherError("CANCELED", "stopped", { detail: {} }));
      await new Promise(() => {});
    };
    const run = await pipe(bytes, { targets: [`${registry.host}/app:1`], signal: stop.signal, onRead });
    assert.equal(errorOf(run).code, "CANCELED");
    assertNothingTagged(registry);
  });
}

Deno.test("a layer that is there is not sent, but read and verified", async () => {
  await using registry = startTestRegistry();
  const targets = [`${registry.host}/app:1`];
  assertPushed(await pipe(OCI, { targets }), registry);
  const before = registry.requests.length;
  const run = await pipe(OCI, { targets });
  assertPushed(run, registry);
  assert.equal(uploadedBytes({ requests: registry.requests.slice(before) }), 0);
  assert.equal(
    run.report?.existingBytes,
    LAYER.length + registry.repository("app").readManifest("1").config.size,
  );
  const damaged = OCI.slice();
  damaged.fill(0xff, 2 * MIB, 2 * MIB + 1);
  assert.equal(errorOf(await pipe(damaged, { targets: [`${registry.host}/app:2`] })).code, "DIGEST_MISMATCH");
  assert.deepEqual([...registry.repository("app").tags.keys()], ["1"]);
});

Deno.test("a layer that is not what its config says is not tagged", async () => {
  await using registry = startTestRegistry();
  const damaged = DOCKER.slice();
  damaged.fill(0xff, 2 * MIB, 2 * MIB + 1);
  const error = errorOf(await pipe(damaged, { targets: [`${registry.host}/app:1`] }));
  assert.match(error.message, /is not what the config says/);
  assertNothingTagged(registry);
});

Deno.test("an upload named by its digest goes on with the next run of the same pipe", async () => {
  await using registry = startTestRegistry();
  await using dir = await makeTempDir();
  const targets = [`${registry.host}/app:1`];
  const cut = await pipe(OCI.subarray(0, 3 * MIB), { targets, dir });
  assert.equal(errorOf(cut).code, "ARCHIVE_CORRUPT");
  const run = await pipe(OCI, { targets, dir });
  assertPushed(run, registry);
  const resumed = run.events.find((event) => event.type === "blob:resumed");
  assert.ok(resumed && resumed.offsetBytes >= MIB);
  const { config } = registry.repository("app").readManifest("1");
  const twiceBytes = uploadedBytes(registry) - LAYER.length - config.size;
  assert.ok(twiceBytes >= 0 && twiceBytes < MIB, "at most what was on its way when the input ended");
});

Deno.test("what is read once needs a target, before anything is read", async () => {
  const run = await pipe(DOCKER, { onRead: () => assert.fail("it was read") });
  assert.equal(errorOf(run).code, "USAGE");
  assert.match(errorOf(run).hint!, /-t .* or the registry with --registry/);
});

Deno.test("a rate holds for what passes", async () => {
  await using registry = startTestRegistry();
  const run = await pipe(DOCKER, { targets: [`${registry.host}/app:1`], rateBytesPerSecond: MIB });
  assertPushed(run, registry);
  assert.ok(run.report!.durationMs > 2_500, `${run.report!.durationMs} ms`);
});
