import assert from "node:assert/strict";
import { isPusherError } from "../../../../lib/errors.ts";
import { layoutUnreadable } from "../../../../lib/layout/layout_error.ts";
import { digestOf } from "../../../../lib/spec/digest.ts";
import { CachedOrigin } from "../../../../lib/transfer/fetch/cached_origin.ts";
import { type PartsSink, receiveParts } from "../../../../lib/transfer/fetch/receive_parts.ts";
import type { BlobCache } from "../../../../lib/transfer/ports.ts";
import { DEFAULT_RETRY_POLICY } from "../../../../lib/util/retry.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { seededBytes } from "../../../support/seeded_random.ts";

const CONTENT = seededBytes(100_000);

/** A cache that has verified a blob which is gone, or breaks off, once it is to be read; then it knows nothing of it. */
function failingCache(open: () => ReadableStream<Uint8Array> | undefined): BlobCache {
  let isThere = true;
  return {
    verifyBlob: () => Promise.resolve(isThere),
    openBlob: () => Promise.resolve(open()),
    dropBlob: () => Promise.resolve(void (isThere = false)),
    readDocument: () => Promise.resolve(undefined),
    keepBlob: () => Promise.resolve(undefined),
  };
}

function* brokenOff(): Generator<Uint8Array> {
  yield CONTENT.slice(0, 1000);
  throw layoutUnreadable("cache/blob", new Deno.errors.UnexpectedEof("it has become shorter"));
}

/** Receives the blob from a registry that has some content, through a cache. */
async function receive(cache: BlobCache, content: Uint8Array): Promise<Uint8Array> {
  let written = new Uint8Array();
  const sink: PartsSink = {
    readHeld: () => Promise.resolve(0),
    continueAt: (positionBytes) => Promise.resolve(void (written = written.slice(0, positionBytes))),
    async write(bytes) {
      written = await new Blob([written, bytes.slice()]).bytes();
    },
  };
  const registry = {
    name: "r.example/app",
    readManifest: () => Promise.resolve(undefined),
    readBlob: () => Promise.resolve(ReadableStream.from([content])),
  };
  await using origin = new CachedOrigin(registry, cache);
  const blob = { mediaType: "x", digest: await digestOf(CONTENT), size: CONTENT.length };
  await receiveParts([{ blob }], {
    sink,
    originOf: () => origin,
    policy: DEFAULT_RETRY_POLICY,
    clock: new FakeClock({ autoAdvance: true }),
    random: () => 0.5,
    signal: new AbortController().signal,
    onEvent: () => {},
  });
  return written;
}

const FAILURES: Record<string, () => ReadableStream<Uint8Array> | undefined> = {
  "is gone": () => undefined,
  "breaks off": () => ReadableStream.from(brokenOff()),
};

for (const [failure, open] of Object.entries(FAILURES)) {
  Deno.test(`what was verified in the cache and ${failure} comes from the registry`, async () => {
    assert.deepEqual(await receive(failingCache(open), CONTENT), CONTENT);
  });

  Deno.test(`what the registry gives for a blob that ${failure} in the cache is verified`, async () => {
    await assert.rejects(
      receive(failingCache(open), CONTENT.toReversed()),
      (error) => isPusherError(error, "DIGEST_MISMATCH"),
    );
  });
}
