import assert from "node:assert/strict";
import { isPusherError, PusherError } from "../../../../lib/errors.ts";
import { type BlobHash, startBlobHash } from "../../../../lib/transfer/hash/blob_hash.ts";
import { sha256Hex } from "../../../../lib/util/sha256.ts";
import { seededBytes } from "../../../support/seeded_random.ts";
import { HashStage, LARGE_BYTES } from "./hash_stage.ts";

const PIECE_BYTES = 1_000;

interface Started {
  hash: BlobHash;
  /** How much was read again, each time. */
  reread: number[];
}

async function start(stage: HashStage, bytes: Uint8Array): Promise<Started> {
  const reread: number[] = [];
  const hash = await startBlobHash("sha256", {
    effort: stage.effort,
    sizeBytes: LARGE_BYTES,
    reread(lengthBytes) {
      reread.push(lengthBytes);
      return ReadableStream.from([bytes.slice(0, lengthBytes)]);
    },
  });
  return { hash, reread };
}

Deno.test("BlobHash stays where it is while the link is the limit", async () => {
  using stage = new HashStage();
  const bytes = seededBytes(5_000);
  const { hash, reread } = await start(stage, bytes);
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    assert.equal(hash.update(bytes.subarray(at, at + PIECE_BYTES)), undefined);
    stage.clock.pass(1_000);
  }
  assert.equal(await hash.hex(), await sha256Hex(bytes));
  assert.deepEqual(reread, []);
});

Deno.test("BlobHash moves to another thread in the middle, and hashes what was before it there again", async () => {
  using stage = new HashStage();
  const bytes = seededBytes(9_000);
  const { hash, reread } = await start(stage, bytes);
  await hash.update(bytes.subarray(0, PIECE_BYTES));
  await stage.hash(0);
  await stage.startThread();
  const waits: (void | Promise<void>)[] = [];
  // Nobody waits: what comes while the rest is caught up with must stay behind it.
  for (let at = PIECE_BYTES; at < bytes.length; at += PIECE_BYTES) {
    waits.push(hash.update(bytes.subarray(at, at + PIECE_BYTES)));
  }
  assert.ok(waits.every((wait) => wait instanceof Promise));
  await Promise.all(waits);
  assert.equal(await hash.hex(), await sha256Hex(bytes));
  assert.deepEqual(reread, [PIECE_BYTES]);
});

Deno.test("BlobHash begins in another thread where that is known to be better", async () => {
  using stage = new HashStage();
  await stage.hash(0);
  await stage.startThread();
  const bytes = seededBytes(3_000);
  const { hash, reread } = await start(stage, bytes);
  await hash.update(bytes);
  assert.equal(stage.threads[0]!.load, 1);
  assert.equal(await hash.hex(), await sha256Hex(bytes));
  assert.deepEqual(reread, []);
});

Deno.test("BlobHash stays where it is once it has begun where nothing can be read again", async () => {
  using stage = new HashStage();
  const bytes = seededBytes(3_000);
  const hash = await startBlobHash("sha256", { effort: stage.effort, sizeBytes: LARGE_BYTES });
  await hash.update(bytes.subarray(0, PIECE_BYTES));
  await stage.hash(0);
  await stage.startThread();
  await hash.update(bytes.subarray(PIECE_BYTES));
  assert.equal(stage.threads[0]!.load, 0);
  assert.equal(await hash.hex(), await sha256Hex(bytes));
});

Deno.test("BlobHash fails as reading again fails", async () => {
  using stage = new HashStage();
  const hash = await startBlobHash("sha256", {
    effort: stage.effort,
    sizeBytes: LARGE_BYTES,
    reread: () => ReadableStream.from(unreadable()),
  });
  await hash.update(new Uint8Array(10));
  await stage.hash(0);
  await stage.startThread();
  await assert.rejects(
    async () => await hash.update(new Uint8Array(10)),
    (error) => isPusherError(error, "ARCHIVE_CORRUPT"),
  );
});

// deno-lint-ignore require-yield
async function* unreadable(): AsyncGenerator<Uint8Array> {
  throw await Promise.resolve(
    new PusherError("ARCHIVE_CORRUPT", "Cannot read", { detail: { path: "a.tar" }, hint: "Look for it." }),
  );
}
