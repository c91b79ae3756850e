import assert from "node:assert/strict";
import { isPusherError } from "../../../../lib/errors.ts";
import type { Descriptor } from "../../../../lib/spec/descriptor.ts";
import { type Digest, sha256Digest } from "../../../../lib/spec/digest.ts";
import { DigestCheck } from "../../../../lib/transfer/hash/digest_check.ts";
import { VerifiedContent } from "../../../../lib/transfer/hash/verified_content.ts";
import type { BlobRange } from "../../../../lib/util/stream_body.ts";
import { createSha } from "../../../../lib/util/sha256.ts";
import { MemoryBlobs } from "../memory_blobs.ts";

const BYTES = Uint8Array.from({ length: 25 }, (_, index) => index);
const WRONG = sha256Digest("ab".repeat(32));

interface Content {
  content: VerifiedContent;
  hashedBytes: () => number;
  toldBytes: () => number;
}

async function contentOf(source: MemoryBlobs, blob: Descriptor): Promise<Content> {
  const hash = await createSha(blob.digest.startsWith("sha512:") ? "sha512" : "sha256");
  let hashedBytes = 0;
  let toldBytes = 0;
  const counting = {
    hex: () => hash.hex(),
    [Symbol.dispose]: () => {},
    update(bytes: Uint8Array) {
      hashedBytes += bytes.length;
      hash.update(bytes);
    },
  };
  const content = new VerifiedContent(blob, {
    source,
    check: new DigestCheck(blob, counting),
    signal: new AbortController().signal,
    onBytes: (sizeBytes) => void (toldBytes += sizeBytes),
  });
  return { content, hashedBytes: () => hashedBytes, toldBytes: () => toldBytes };
}

/** Reads a part; all of it, or no more than so many bytes. */
async function read(
  content: VerifiedContent,
  start: number,
  length: number,
  atMost = Infinity,
): Promise<number[]> {
  const given: number[] = [];
  const reader = content.part(start, length).open().getReader();
  while (given.length < atMost) {
    const { value, done } = await reader.read();
    if (done) return given;
    given.push(...value);
  }
  await reader.cancel();
  return given;
}

function isMismatch(error: unknown): boolean {
  assert.ok(isPusherError(error, "DIGEST_MISMATCH"), String(error));
  assert.equal(error.detail.expected, WRONG);
  assert.equal(error.retryable, false);
  return true;
}

Deno.test("part() gives its bytes, and says how many", async () => {
  const source = new MemoryBlobs();
  const { content, toldBytes } = await contentOf(source, await source.add(BYTES));
  assert.equal(content.part(0, 10).sizeBytes, 10);
  assert.deepEqual(await read(content, 0, 10), [...BYTES.subarray(0, 10)]);
  assert.deepEqual(await read(content, 10, 15), [...BYTES.subarray(10)]);
  assert.equal(toldBytes(), 25);
});

Deno.test("each byte is hashed once, however often it is read", async () => {
  // Parts as [start, length, at most]; the last reads end where the blob does.
  const readings: [number, number, number?][][] = [
    [[0, 25]],
    [[0, 10, 6], [0, 10, 3], [0, 10], [10, 10], [10, 10], [20, 5]],
    [[0, 10, 7], [5, 20]],
    [[0, 25, 24], [0, 25], [0, 25], [20, 5]],
    [[0, 25, 5], [3, 9], [1, 24]],
  ];
  for (const reading of readings) {
    const source = new MemoryBlobs();
    const { content, hashedBytes } = await contentOf(source, await source.add(BYTES));
    for (const [start, length, atMost] of reading) {
      const given = await read(content, start, length, atMost);
      assert.deepEqual(given, [...BYTES.subarray(start, start + given.length)]);
    }
    assert.equal(hashedBytes(), 25, JSON.stringify(reading));
  }
});

Deno.test("the last bytes of a wrong blob are never given, not even when they are asked for again", async () => {
  const source = new MemoryBlobs();
  const { content } = await contentOf(source, await source.add(BYTES, WRONG));
  assert.equal((await read(content, 0, 20)).length, 20);
  await assert.rejects(read(content, 20, 5), isMismatch);
  await assert.rejects(read(content, 20, 5), isMismatch);
  await assert.rejects(read(content, 24, 1), isMismatch);
  await assert.rejects(read(content, 0, 25), isMismatch);
});

Deno.test("parts share their buffers, but what is read again gets others", async () => {
  const source = new MemoryBlobs();
  const blob = await source.add(BYTES);
  const rings: unknown[] = [];
  const watching = {
    identityOf: source.identityOf,
    openBlob: (blob: Descriptor, range?: BlobRange) => {
      rings.push(range?.buffers);
      return source.openBlob(blob, range);
    },
  };
  const content = new VerifiedContent(blob, {
    source: watching,
    check: new DigestCheck(blob, await createSha("sha256")),
    signal: new AbortController().signal,
    onBytes: () => {},
  });
  for (const start of [0, 10, 10, 20]) await read(content, start, start === 20 ? 5 : 10);
  const [first, second, again, last] = rings;
  assert.ok(first !== undefined && first === second);
  assert.notEqual(again, second, "the request before may still be sending from them");
  assert.equal(last, again);
});

Deno.test("readBytes says how far the newest part was read", async () => {
  const source = new MemoryBlobs();
  const { content } = await contentOf(source, await source.add(BYTES));
  assert.equal(content.readBytes, 0);
  await read(content, 0, 20);
  assert.equal(content.readBytes, 20);
  await read(content, 8, 10, 4);
  assert.equal(content.readBytes, 12);
  await content.part(4, 10).open().cancel();
  assert.equal(content.readBytes, 4);
});

Deno.test("a tap hears why its body failed, and of no byte that was held back", async () => {
  const source = new MemoryBlobs();
  const { content } = await contentOf(source, await source.add(BYTES, WRONG));
  let seenBytes = 0;
  const failures: unknown[] = [];
  const stream = content.part(0, 25).open({
    onChunk: (chunk) => void (seenBytes += chunk.length),
    onFailure: (error) => failures.push(error),
  });
  await assert.rejects(Array.fromAsync(stream), isMismatch);
  assert.equal(seenBytes, 24);
  assert.ok(failures.length === 1 && isMismatch(failures[0]));
});

Deno.test("a blob without bytes is verified too, as often as it is to be sent", async () => {
  const source = new MemoryBlobs();
  const right = await contentOf(source, await source.add(new Uint8Array()));
  for (let time = 0; time < 3; time++) assert.deepEqual(await read(right.content, 0, 0), []);
  const wrong = await contentOf(source, await source.add(new Uint8Array(), WRONG));
  for (let time = 0; time < 3; time++) await assert.rejects(() => wrong.content.prepare(0, 0), isMismatch);
});

Deno.test("a blob may be named by its SHA-512", async () => {
  const source = new MemoryBlobs();
  const hash = await createSha("sha512");
  hash.update(BYTES);
  const digest = `sha512:${hash.hex()}` as Digest;
  const { content } = await contentOf(source, await source.add(BYTES, digest));
  assert.equal((await read(content, 0, 25)).length, 25);
});
