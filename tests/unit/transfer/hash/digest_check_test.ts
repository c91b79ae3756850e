import assert from "node:assert/strict";
import { isPusherError } from "../../../../lib/errors.ts";
import { sha256Digest } from "../../../../lib/spec/digest.ts";
import { MEDIA_TYPE } from "../../../../lib/spec/media_type.ts";
import { DigestCheck } from "../../../../lib/transfer/hash/digest_check.ts";
import type { StreamHash } from "../../../../lib/util/sha256.ts";

const HEX = "ab".repeat(32);

/** A hash that is computed elsewhere: it takes bytes and gives its result when the test says so. */
class SlowHash implements StreamHash {
  readonly taken = Promise.withResolvers<void>();
  readonly result = Promise.withResolvers<string>();
  addedBytes = 0;
  isGivenUp = false;

  update(bytes: Uint8Array): Promise<void> {
    this.addedBytes += bytes.length;
    return this.taken.promise;
  }

  hex(): Promise<string> {
    return this.result.promise;
  }

  [Symbol.dispose](): void {
    this.isGivenUp = true;
  }
}

function checkOf(hash: StreamHash): DigestCheck {
  return new DigestCheck({ mediaType: MEDIA_TYPE.ociLayer, digest: sha256Digest(HEX), size: 10 }, hash);
}

/** Whether a promise is settled by now. */
async function isSettled(promise: void | Promise<void>): Promise<boolean> {
  return await Promise.race([Promise.resolve(promise).then(() => true, () => true), tick()]);
}

async function tick(): Promise<boolean> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  return false;
}

Deno.test("pass() lets bytes go on when the hash has taken them", async () => {
  const hash = new SlowHash();
  const passing = checkOf(hash).pass(new Uint8Array(4), 0);
  assert.ok(!await isSettled(passing));
  hash.taken.resolve();
  await passing;
});

Deno.test("pass() holds the last bytes back until the digest is found, from everybody", async () => {
  const hash = new SlowHash();
  hash.taken.resolve();
  const check = checkOf(hash);
  await check.pass(new Uint8Array(4), 0);
  const last = check.pass(new Uint8Array(6), 4);
  const again = check.pass(new Uint8Array(2), 8);
  assert.ok(!await isSettled(last));
  assert.ok(!await isSettled(again));
  hash.result.resolve(HEX);
  await last;
  await again;
  assert.equal(hash.addedBytes, 10);
});

Deno.test("pass() refuses the last bytes of a blob that is another, whenever they are tried", async () => {
  const hash = new SlowHash();
  hash.taken.resolve();
  hash.result.resolve("cd".repeat(32));
  const check = checkOf(hash);
  await check.pass(new Uint8Array(4), 0);
  for (const start of [4, 4, 9]) {
    await assert.rejects(
      async () => await check.pass(new Uint8Array(10 - start), start),
      (error) => isPusherError(error, "DIGEST_MISMATCH"),
    );
  }
});

Deno.test("a check that is disposed gives the hash up", () => {
  const hash = new SlowHash();
  checkOf(hash)[Symbol.dispose]();
  assert.ok(hash.isGivenUp);
});
