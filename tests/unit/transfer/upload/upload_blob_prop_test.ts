import assert from "node:assert/strict";
import fc from "fast-check";
import { uploadBlob } from "../../../../lib/transfer/upload/upload_blob.ts";
import { UploadHost } from "../../../../lib/transfer/upload/upload_host.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { seededBytes } from "../../../support/seeded_random.ts";
import { MemoryBlobs } from "../memory_blobs.ts";
import { broken, MemoryTarget } from "../memory_target.ts";
import { readAlone } from "../push/read_alone.ts";

/** What happens at a moment: nothing, or the connection breaks and the registry keeps so much of what it got. */
const fates = fc.option(
  fc.record({
    keeps: fc.constantFrom("all", "some", "none", "nothing at all"),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
  { freq: 2, nil: undefined },
);

Deno.test("uploadBlob() brings every byte there and tells of each once, wherever the connection breaks", async () => {
  await fc.assert(fc.asyncProperty(
    fc.integer({ min: 0, max: 60 }),
    fc.integer({ min: 1, max: 70 }),
    fc.integer({ min: 0, max: 70 }),
    fc.array(fates, { maxLength: 40 }),
    async (sizeBytes, chunkSizeBytes, minChunkBytes, schedule) => {
      const bytes = seededBytes(sizeBytes);
      const source = new MemoryBlobs(7);
      const blob = await source.add(bytes);
      const target = new MemoryTarget();
      target.minChunkBytes = minChunkBytes;
      let moments = 0;
      target.script = ({ call, upload }) => {
        const fate = schedule[moments++];
        if (!fate) return;
        if (upload && call !== "cancel") {
          const pendingBytes = upload.held.length - upload.offsetBytes;
          if (fate.keeps === "some") {
            upload.held.length = upload.offsetBytes + Math.floor(pendingBytes * fate.share);
          }
          if (fate.keeps === "none") upload.held.length = upload.offsetBytes;
          if (fate.keeps === "nothing at all") upload.isKnown = false;
        }
        throw broken();
      };
      const clock = new FakeClock({ autoAdvance: true });
      let toldBytes = 0;
      await uploadBlob(blob, {
        ...readAlone(source, blob, clock),
        target,
        host: new UploadHost({ registry: target.registry, concurrency: 1, chunkSizeBytes, clock }),
        clock,
        policy: { attempts: 100, firstDelayMs: 1, maxDelayMs: 1, maxServerDelayMs: 1 },
        random: () => 0.5,
        signal: new AbortController().signal,
        onEvent(event) {
          if (event.type === "blob:bytes") toldBytes += event.deltaBytes;
        },
      });
      assert.deepEqual(target.blobs.get(blob.digest), bytes);
      assert.equal(toldBytes, sizeBytes);
      for (const call of target.calls) {
        const sentBytes = Number(/^append \d+\+(\d+)$/.exec(call)?.[1] ?? NaN);
        assert.ok(!(sentBytes > Math.max(chunkSizeBytes, minChunkBytes)), call);
      }
    },
  ));
});
