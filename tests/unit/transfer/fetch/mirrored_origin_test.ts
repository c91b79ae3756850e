import assert from "node:assert/strict";
import { PusherError } from "../../../../lib/errors.ts";
import type { Descriptor } from "../../../../lib/spec/descriptor.ts";
import { digestOf, sha256Digest } from "../../../../lib/spec/digest.ts";
import { MEDIA_TYPE } from "../../../../lib/spec/media_type.ts";
import { MirroredOrigin } from "../../../../lib/transfer/fetch/mirrored_origin.ts";
import type { CopyOrigin } from "../../../../lib/transfer/ports.ts";

const { signal } = new AbortController();

function failure(status: number): PusherError {
  return new PusherError("REGISTRY_REJECTED", `Cannot read: ${status}`, {
    detail: { registry: "r.example", request: "GET /v2/", status, errorCodes: [], unknownDigests: [] },
    hint: "Look for it elsewhere.",
  });
}

/** Says what was asked of it, and answers as it was told to. */
function originOf(name: string, asked: string[], outcome: "has" | "lacks" | PusherError): CopyOrigin {
  const bytes = new TextEncoder().encode(name);
  return {
    name,
    async readManifest() {
      asked.push(name);
      if (outcome === "lacks") return undefined;
      if (outcome !== "has") throw outcome;
      const descriptor = {
        mediaType: MEDIA_TYPE.ociManifest,
        digest: await digestOf(bytes),
        size: bytes.length,
      };
      return { descriptor, bytes };
    },
    readBlob() {
      asked.push(name);
      if (outcome === "lacks") return Promise.reject(failure(404));
      if (outcome !== "has") return Promise.reject(outcome);
      return Promise.resolve(ReadableStream.from([bytes]));
    },
    manifestDigest() {
      asked.push(`${name}: digest`);
      return outcome === "has" ? digestOf(bytes) : Promise.resolve(undefined);
    },
    listTags() {
      asked.push(`${name}: tags`);
      return Promise.resolve([name]);
    },
    listReferrers() {
      asked.push(`${name}: referrers`);
      return Promise.resolve(undefined);
    },
  };
}

interface Stage {
  origin: MirroredOrigin;
  asked: string[];
  warnings: string[];
}

function stageOf(...outcomes: ("has" | "lacks" | PusherError)[]): Stage {
  const asked: string[] = [];
  const warnings: string[] = [];
  const origins = outcomes.map((outcome, at) => originOf(`origin ${at}`, asked, outcome));
  const registry = origins.pop()!;
  const origin = new MirroredOrigin({
    name: "r.example/app",
    mirrors: origins,
    connect: () => Promise.resolve(registry),
    onWarning: (message) => warnings.push(message),
  });
  return { origin, asked, warnings };
}

const BLOB: Descriptor = { mediaType: MEDIA_TYPE.ociLayer, digest: sha256Digest("ab".repeat(32)), size: 8 };

async function manifestOf({ origin }: Stage): Promise<string | undefined> {
  const found = await origin.readManifest("1", signal);
  return found && new TextDecoder().decode(found.bytes);
}

async function blobOf({ origin }: Stage): Promise<string> {
  return await new Response(await origin.readBlob(BLOB, 0, signal)).text();
}

Deno.test("MirroredOrigin reads from the first that has it", async () => {
  const stage = stageOf("lacks", "has", "has");
  assert.equal(await manifestOf(stage), "origin 1");
  assert.equal(await blobOf(stage), "origin 1");
  assert.deepEqual(stage.asked, ["origin 0", "origin 1", "origin 0", "origin 1"]);
  assert.deepEqual(stage.warnings, []);
});

Deno.test("MirroredOrigin reads from the registry itself what no mirror has", async () => {
  const stage = stageOf("lacks", "lacks", "has");
  assert.equal(await manifestOf(stage), "origin 2");
  assert.equal(await blobOf(stage), "origin 2");
  const none = stageOf("lacks", "lacks");
  assert.equal(await manifestOf(none), undefined);
  await assert.rejects(blobOf(none), { code: "REGISTRY_REJECTED" });
});

Deno.test("MirroredOrigin asks mirrors what a tag stands for, and the registry itself for lists", async () => {
  const mirrored = stageOf("has", "has");
  assert.equal(
    await mirrored.origin.manifestDigest("1", signal),
    await digestOf(new TextEncoder().encode("origin 0")),
  );
  const own = stageOf("lacks", "has");
  assert.equal(
    await own.origin.manifestDigest("1", signal),
    await digestOf(new TextEncoder().encode("origin 1")),
  );
  assert.deepEqual(await own.origin.listTags(signal), ["origin 1"]);
  assert.equal(await own.origin.listReferrers(BLOB.digest, signal), undefined);
  assert.deepEqual(own.asked, ["origin 0", "origin 1: digest", "origin 1: tags", "origin 1: referrers"]);
});

Deno.test("MirroredOrigin asks a mirror that fails no more, and says so once", async () => {
  const stage = stageOf(failure(500), "has");
  assert.equal(await manifestOf(stage), "origin 1");
  assert.equal(await blobOf(stage), "origin 1");
  assert.deepEqual(stage.asked, ["origin 0", "origin 1", "origin 1"]);
  assert.deepEqual(stage.warnings, ["The mirror origin 0 is not asked any more: Cannot read: 500"]);
});

Deno.test("MirroredOrigin ends when it is stopped, and asks nobody else", async () => {
  const stop = new AbortController();
  const asked: string[] = [];
  const origin = new MirroredOrigin({
    name: "r.example/app",
    mirrors: [{
      ...originOf("mirror", asked, "has"),
      readManifest: () => {
        stop.abort(new Error("stopped"));
        return Promise.reject(failure(500));
      },
    }],
    connect: () => Promise.resolve(originOf("registry", asked, "has")),
    onWarning: () => {},
  });
  await assert.rejects(origin.readManifest("1", stop.signal), { message: "stopped" });
  assert.deepEqual(asked, []);
});
