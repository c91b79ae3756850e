import assert from "node:assert/strict";
import type { Descriptor } from "../../../../lib/spec/descriptor.ts";
import { MEDIA_TYPE } from "../../../../lib/spec/media_type.ts";
import { CompressedSource } from "../../../../lib/transfer/compress/compressed_source.ts";
import type { TransferEvent } from "../../../../lib/transfer/events.ts";
import type { BlobSource } from "../../../../lib/transfer/ports.ts";
import { PushRun } from "../../../../lib/transfer/push/push_run.ts";
import { type CompressedOutcome, sendCompressed } from "../../../../lib/transfer/compress/send_compressed.ts";
import { CompressorPool } from "../../../../lib/util/compressor_pool.ts";
import { DEFAULT_RETRY_POLICY } from "../../../../lib/util/retry.ts";
import { patternBytes } from "../../../support/compressing.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { MemoryBlobs } from "../memory_blobs.ts";
import { MemoryTarget, refusal } from "../memory_target.ts";

const MIB = 2 ** 20;

interface Sending {
  layers: readonly Descriptor[];
  source: BlobSource;
  targets: readonly MemoryTarget[];
  signal?: AbortSignal;
  events?: TransferEvent[];
}

async function send(sending: Sending): Promise<CompressedOutcome> {
  const { layers, targets, events = [], signal = new AbortController().signal } = sending;
  using pool = new CompressorPool(2);
  const method = { format: "gzip", level: 1 } as const;
  const source = new CompressedSource(sending.source, { method, pool });
  const onEvent = (event: TransferEvent): void => void events.push(event);
  using run = new PushRun({
    clock: new FakeClock({ autoAdvance: true }),
    policy: DEFAULT_RETRY_POLICY,
    concurrency: 3,
    random: () => 0.5,
    signal,
    onEvent,
  });
  return await sendCompressed(layers.map((layer) => ({ layer, source, targets })), {
    run,
    method,
    onCompressed: () => Promise.resolve(),
    onEvent,
  });
}

Deno.test("sendCompressed() ends all that it began when something unexpected happens", async () => {
  const blobs = new MemoryBlobs(65_536);
  const layers = [await blobs.add(patternBytes(8 * MIB, 1)), await blobs.add(patternBytes(MIB, 2))];
  const source: BlobSource = {
    identityOf: () => "memory",
    openBlob(blob, range) {
      if (blob.digest === layers[1]!.digest) throw new TypeError("a bug");
      return blobs.openBlob(blob, range);
    },
  };
  const events: TransferEvent[] = [];
  const target = new MemoryTarget();
  await assert.rejects(send({ layers, source, targets: [target], events }), /a bug/);
  const begun = events.filter(({ type }) => type === "compress:start").length;
  assert.equal(events.filter(({ type }) => type === "compress:failed").length, begun);
  assert.equal(target.blobs.size, 0);
});

Deno.test("sendCompressed() finds out what a layer becomes although a repository does not take it", async () => {
  const blobs = new MemoryBlobs(65_536);
  const layer = await blobs.add(patternBytes(50_000, 1));
  const open = new MemoryTarget("open.example/app");
  const closed = new MemoryTarget("closed.example/app");
  closed.script = ({ call }) => {
    if (call === "startUpload") throw refusal(400, "UNSUPPORTED", false);
  };
  const expected = await send({ layers: [layer], source: blobs, targets: [open] });
  const { compressed, denied } = await send({ layers: [layer], source: blobs, targets: [closed] });
  assert.deepEqual(compressed, expected.compressed);
  assert.equal(denied.size, 0);
  const found = compressed.get(layer.digest)!;
  assert.equal(open.blobs.get(found.digest)?.length, found.size);
});

Deno.test("sendCompressed() sends to one repository of each registry", async () => {
  const blobs = new MemoryBlobs(65_536);
  const layer = await blobs.add(patternBytes(50_000, 1));
  const targets = ["one.example/a", "one.example/b", "two.example/a"].map((name) => new MemoryTarget(name));
  const events: TransferEvent[] = [];
  await send({ layers: [layer], source: blobs, targets, events });
  const types = events.flatMap((event) => event.type === "blob:start" ? [event.mediaType] : []);
  assert.deepEqual(types, [MEDIA_TYPE.ociLayerGzip, MEDIA_TYPE.ociLayerGzip]);
  assert.deepEqual(targets.map(({ blobs }) => blobs.size), [1, 0, 1]);
});

Deno.test("sendCompressed() stops when it is told to", async () => {
  const blobs = new MemoryBlobs(65_536);
  const layers = [await blobs.add(patternBytes(4 * MIB, 1)), await blobs.add(patternBytes(4 * MIB, 2))];
  const stop = new AbortController();
  const target = new MemoryTarget();
  target.script = ({ call }) => {
    if (call === "startUpload") stop.abort(new DOMException("enough", "AbortError"));
  };
  await assert.rejects(send({ layers, source: blobs, targets: [target], signal: stop.signal }), /enough/);
  assert.equal(target.blobs.size, 0);
});
