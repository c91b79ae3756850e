import assert from "node:assert/strict";
import { isPusherError, PusherError } from "../../../../lib/errors.ts";
import { type Digest, digestOf, sha256Digest } from "../../../../lib/spec/digest.ts";
import type { UploadRecord } from "../../../../lib/transfer/ports.ts";
import { broken, MemoryTarget, refusal } from "../memory_target.ts";
import { letPass, type PassageResult } from "./passing_stage.ts";

const BYTES = Uint8Array.from({ length: 95 }, (_, index) => index * 7);
const DIGEST = await digestOf(BYTES);
const WRONG = sha256Digest("ab".repeat(32));

function assertSent({ found, uploads }: PassageResult, target: MemoryTarget, bytes = BYTES): void {
  for (const upload of uploads) if (upload.status === "rejected") throw upload.reason;
  assert.ok(found.status === "fulfilled");
  assert.equal(found.value.size, bytes.length);
  assert.deepEqual(target.blobs.get(found.value.digest), bytes);
}

function reasonOf(result: PromiseSettledResult<unknown> | undefined): PusherError {
  assert.ok(result?.status === "rejected");
  assert.ok(isPusherError(result.reason), String(result.reason));
  return result.reason;
}

Deno.test("a blob is sent while it passes, and committed with the digest that was found", async () => {
  const cases: [number, readonly string[]][] = [
    [0, ["commit with 0"]],
    [9, ["commit with 9"]],
    [10, ["commit with 10"]],
    [11, ["append 0+10", "append 10+1", "commit"]],
    [20, ["append 0+10", "append 10+10", "commit"]],
    [25, ["append 0+10", "append 10+10", "append 20+5", "commit"]],
  ];
  for (const [sizeBytes, calls] of cases) {
    const bytes = BYTES.subarray(0, sizeBytes);
    for (const size of [sizeBytes, undefined]) {
      for (const readBytes of [1, 3, undefined]) {
        const target = new MemoryTarget();
        const result = await letPass({
          bytes,
          targets: [target],
          blob: { size },
          ...readBytes && { readBytes },
        });
        assertSent(result, target, bytes);
        assert.deepEqual(target.calls, ["startUpload", ...calls], `${sizeBytes} bytes, announced: ${size}`);
        assert.deepEqual(result.found, {
          status: "fulfilled",
          value: { digest: await digestOf(bytes), size: sizeBytes },
        });
      }
    }
  }
});

Deno.test("no more than two parts are held, however much passes", async () => {
  const target = new MemoryTarget();
  const result = await letPass({ bytes: BYTES, targets: [target] });
  assertSent(result, target);
  assert.ok(result.mostAheadBytes >= 10 && result.mostAheadBytes <= 24, `${result.mostAheadBytes} bytes`);
});

Deno.test("a part that broke off is sent again from what is held", async () => {
  for (const keptBytes of [0, 4]) {
    const target = new MemoryTarget();
    let faults = 2;
    target.script = ({ call, phase, nth, upload }) => {
      if (call !== "append" || phase !== "after" || nth < 4 || faults-- <= 0) return;
      upload!.held.length = upload!.offsetBytes + keptBytes;
      throw broken();
    };
    const result = await letPass({ bytes: BYTES, targets: [target] });
    assertSent(result, target);
    assert.equal(target.uploads.length, 1);
    assert.equal(result.events.filter(({ type }) => type === "blob:retry").length, 2);
    const netBytes = result.events.reduce(
      (sum, event) => event.type === "blob:bytes" ? sum + event.deltaBytes : sum,
      0,
    );
    assert.equal(netBytes, BYTES.length);
  }
});

Deno.test("an upload starts over while its first bytes are held", async () => {
  const target = new MemoryTarget();
  let isOver = false;
  target.script = ({ call, phase, upload }) => {
    if (call !== "append" || phase !== "during" || isOver) return;
    isOver = true;
    upload!.isKnown = false;
    throw broken();
  };
  assertSent(await letPass({ bytes: BYTES, targets: [target] }), target);
  assert.equal(target.uploads.length, 2);
});

Deno.test("an upload that would have to start over is given up when its first bytes are gone", async () => {
  const target = new MemoryTarget();
  target.script = ({ call, phase, nth, upload }) => {
    if (call !== "append" || phase !== "before" || nth < 5) return;
    upload!.isKnown = false;
    throw refusal(404, "BLOB_UPLOAD_UNKNOWN", true);
  };
  const result = await letPass({ bytes: BYTES, targets: [target] });
  const error = reasonOf(result.uploads[0]);
  assert.equal(error.code, "REGISTRY_REJECTED");
  assert.match(error.message, /answered 404/);
  assert.match(error.hint!, /Write the input to a file and push that/);
  assert.deepEqual(result.clock.sleptMs, [1_000], "it is not tried again and again");
  assert.equal(target.blobs.size, 0);
});

Deno.test("one target that is given up does not keep the bytes from the others", async () => {
  const [bad, good] = [new MemoryTarget("bad.example/app"), new MemoryTarget("good.example/app")];
  bad.script = ({ call, nth, phase }) => {
    if (call === "append" && nth >= 3 && phase === "during") throw refusal(403, "DENIED", false);
  };
  const result = await letPass({ bytes: BYTES, targets: [bad, good] });
  assert.match(reasonOf(result.uploads[0]).message, /403/);
  assert.deepEqual(good.blobs.get(DIGEST), BYTES);
  assert.equal(result.found.status, "fulfilled");
});

Deno.test("targets get the same bytes at their own pace", async () => {
  const [slow, fast] = [new MemoryTarget("slow.example/app"), new MemoryTarget("fast.example/app")];
  slow.script = async ({ phase }) => {
    for (let turns = 0; phase === "during" && turns < 50; turns++) await Promise.resolve();
  };
  const result = await letPass({ bytes: BYTES, targets: [slow, fast] });
  assertSent(result, slow);
  assertSent(result, fast);
  assert.ok(result.mostAheadBytes <= 24, `${result.mostAheadBytes} bytes`);
});

Deno.test("a blob that is not what it claims to be is never complete at a registry", async () => {
  const ways: [string, number][] = [["r.example", 10], ["r.example", 1_000], ["gcr.io", 10]];
  for (const [registry, partBytes] of ways) {
    const target = new MemoryTarget();
    const result = await letPass({
      bytes: BYTES,
      targets: [target],
      blob: { digest: WRONG, size: BYTES.length },
      partBytes,
      registry,
    });
    for (const outcome of [result.found, ...result.uploads]) {
      const error = reasonOf(outcome);
      assert.equal(error.code, "DIGEST_MISMATCH");
      assert.deepEqual(error.detail, { expected: WRONG, actual: DIGEST });
    }
    assert.ok(target.uploads.every(({ held }) => held.length < BYTES.length), registry);
    assert.equal(target.blobs.size, 0);
  }
});

Deno.test("a source that fails ends all uploads, and none is repeated", async () => {
  const cut = new PusherError("ARCHIVE_CORRUPT", 'Cannot open "-": it ended early', {
    detail: { path: "-" },
  });
  const targets = [new MemoryTarget("a.example/app"), new MemoryTarget("b.example/app")];
  const result = await letPass({
    bytes: BYTES,
    targets,
    onRead: (readBytes) => {
      if (readBytes > 50) throw cut;
    },
  });
  for (const outcome of [result.found, ...result.uploads]) assert.equal(reasonOf(outcome), cut);
  assert.deepEqual(result.clock.sleptMs, []);
  for (const target of targets) {
    assert.equal(target.blobs.size, 0);
    assert.equal(target.calls.at(-1), "cancel");
  }
});

Deno.test("an upload is stopped in the middle", async () => {
  const stop = new AbortController();
  const target = new MemoryTarget();
  const result = await letPass({
    bytes: BYTES,
    targets: [target],
    onRead: (readBytes) => void (readBytes > 50 && stop.abort(new Error("stopped"))),
    context: { signal: stop.signal },
  });
  for (const outcome of [result.found, ...result.uploads]) {
    assert.ok(outcome.status === "rejected");
    assert.equal(outcome.reason.message, "stopped");
  }
});

Deno.test("a registry that takes no parts gets the blob in one body, longer than what is held", async () => {
  const cases: [Digest | undefined, readonly string[]][] = [
    [DIGEST, ["startUpload", "commit with 95"]],
    [undefined, ["startUpload", "append 0+95", "commit"]],
  ];
  for (const [digest, calls] of cases) {
    const target = new MemoryTarget();
    const result = await letPass({
      bytes: BYTES,
      targets: [target],
      blob: { digest, size: BYTES.length },
      registry: "gcr.io",
    });
    assertSent(result, target);
    assert.deepEqual(target.calls, calls);
  }
});

Deno.test("a registry that asks for longer parts than are usual gets them", async () => {
  const target = new MemoryTarget();
  target.minChunkBytes = 40;
  assertSent(await letPass({ bytes: BYTES, targets: [target] }), target);
  assert.deepEqual(target.calls, ["startUpload", "append 0+40", "append 40+40", "append 80+15", "commit"]);
});

Deno.test("an upload that an earlier run left goes on, with what comes before passing by", async () => {
  const target = new MemoryTarget();
  const left = await target.startUpload(new AbortController().signal);
  left!.held.push(...BYTES.subarray(0, 40));
  const saved: number[] = [];
  const record: UploadRecord = { location: left!.location, offsetBytes: 40, minChunkBytes: 0 };
  const result = await letPass({
    bytes: BYTES,
    targets: [target],
    blob: { digest: DIGEST, size: BYTES.length },
    context: {
      journal: {
        claim: () =>
          Promise.resolve({
            record,
            save: ({ offsetBytes }) => Promise.resolve(void saved.push(offsetBytes)),
            remove: () => Promise.resolve(),
            [Symbol.dispose]: () => {},
          }),
      },
    },
  });
  assertSent(result, target);
  assert.deepEqual(target.calls.slice(1, 4), ["recover 95", "append 40+10", "append 50+10"]);
  assert.deepEqual(saved, [50, 60, 70, 80, 90, 95]);
});

Deno.test("what nobody wants passes all the same, so that its digest is found", async () => {
  const result = await letPass({ bytes: BYTES, targets: [] });
  assert.deepEqual(result.found, { status: "fulfilled", value: { digest: DIGEST, size: 95 } });
});
