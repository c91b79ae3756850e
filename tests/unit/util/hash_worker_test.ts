import assert from "node:assert/strict";
import { BUFFER_BYTES } from "../../../lib/util/buffer_ring.ts";
import { HashWorker } from "../../../lib/util/hash_worker.ts";
import { createSha, type ShaAlgorithm } from "../../../lib/util/sha256.ts";
import { seededBytes } from "../../support/seeded_random.ts";
import { makeTempDir } from "../../support/temp_dir.ts";

async function hexOf(bytes: Uint8Array, algorithm: ShaAlgorithm = "sha256"): Promise<string> {
  const hash = await createSha(algorithm);
  hash.update(bytes);
  return hash.hex();
}

Deno.test("HashWorker hashes what it is given, however it is cut", async () => {
  using worker = new HashWorker();
  await worker.ready;
  const bytes = seededBytes(3 * BUFFER_BYTES + 17);
  for (const pieceBytes of [1_000_003, BUFFER_BYTES, 65_537]) {
    const hash = worker.startHash("sha256");
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      await hash.update(bytes.subarray(at, at + pieceBytes));
    }
    assert.equal(await hash.hex(), await hexOf(bytes));
  }
});

Deno.test("HashWorker takes orders before it is ready", async () => {
  using worker = new HashWorker();
  const hash = worker.startHash("sha512");
  await hash.update(new TextEncoder().encode("abc"));
  assert.equal(await hash.hex(), await hexOf(new TextEncoder().encode("abc"), "sha512"));
});

Deno.test("HashWorker keeps the order of what is added without waiting, more than its buffers hold", async () => {
  using worker = new HashWorker();
  const bytes = seededBytes(24 * BUFFER_BYTES);
  const hash = worker.startHash("sha256");
  const pieceBytes = 1.5 * BUFFER_BYTES;
  for (let at = 0; at < bytes.length; at += pieceBytes) hash.update(bytes.subarray(at, at + pieceBytes));
  assert.equal(await hash.hex(), await hexOf(bytes));
});

Deno.test("HashWorker hashes files by itself, beside other hashes, and says when it cannot", async () => {
  await using dir = await makeTempDir();
  const bytes = seededBytes(BUFFER_BYTES + 17);
  await Deno.writeFile(dir.join("file"), bytes);
  using worker = new HashWorker();
  const hash = worker.startHash("sha256");
  const files = [
    worker.hashFile(dir.join("file"), "sha256"),
    worker.hashFile(dir.join("none"), "sha256"),
    worker.hashFile(dir.join("file"), "sha512"),
  ];
  assert.equal(worker.load, 4);
  await hash.update(bytes);
  assert.deepEqual(await Promise.all([hash.hex(), ...files]), [
    await hexOf(bytes),
    await hexOf(bytes),
    undefined,
    await hexOf(bytes, "sha512"),
  ]);
  assert.equal(worker.load, 0);
});

Deno.test("HashWorker lets bytes be overwritten when update() is through", async () => {
  using worker = new HashWorker();
  const hash = worker.startHash("sha256");
  const buffer = new Uint8Array(BUFFER_BYTES);
  const whole = new Uint8Array(20 * BUFFER_BYTES);
  for (let round = 0; round < 20; round++) {
    buffer.fill(round);
    whole.set(buffer, round * BUFFER_BYTES);
    await hash.update(buffer);
  }
  assert.equal(await hash.hex(), await hexOf(whole));
});

Deno.test("HashWorker does several hashes at once, and forgets those that are given up", async () => {
  using worker = new HashWorker();
  const [one, given, other] = [0, 1, 2].map(() => worker.startHash("sha256")) as [
    ReturnType<typeof worker.startHash>,
    ReturnType<typeof worker.startHash>,
    ReturnType<typeof worker.startHash>,
  ];
  const [first, second] = [seededBytes(50_000), seededBytes(70_000)];
  assert.equal(worker.load, 3);
  await one.update(first);
  await given.update(first);
  const pending = given.update(second);
  given[Symbol.dispose]();
  assert.equal(worker.load, 2);
  await other.update(second);
  await pending;
  assert.equal(await one.hex(), await hexOf(first));
  assert.equal(await other.hex(), await hexOf(second));
  assert.equal(worker.load, 0);
});

Deno.test("HashWorker fails what waits for it when it is ended", async () => {
  const worker = new HashWorker();
  await worker.ready;
  const hash = worker.startHash("sha256");
  const bytes = seededBytes(64 * BUFFER_BYTES);
  const updating = Promise.resolve(hash.update(bytes));
  const result = Promise.resolve(hash.hex());
  worker[Symbol.dispose]();
  await assert.rejects(updating, { name: "AbortError" });
  await assert.rejects(result, { name: "AbortError" });
});
