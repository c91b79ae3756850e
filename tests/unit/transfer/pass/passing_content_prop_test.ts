import assert from "node:assert/strict";
import fc from "fast-check";
import { isPusherError } from "../../../../lib/errors.ts";
import { digestOf } from "../../../../lib/spec/digest.ts";
import { seededBytes } from "../../../support/seeded_random.ts";
import { broken, MemoryTarget } from "../memory_target.ts";
import { letPass } from "./passing_stage.ts";

const fates = fc.option(
  fc.record({ keptBytes: fc.nat(12), isSessionLost: fc.boolean() }),
  { freq: 3, nil: undefined },
);

Deno.test("what passes gets there whole or not at all, wherever connections break", async () => {
  await fc.assert(fc.asyncProperty(
    fc.record({
      sizeBytes: fc.nat(90),
      partBytes: fc.integer({ min: 1, max: 40 }),
      bufferBytes: fc.integer({ min: 1, max: 20 }),
      readBytes: fc.integer({ min: 1, max: 20 }),
      isSizeKnown: fc.boolean(),
      isDigestKnown: fc.boolean(),
      schedules: fc.array(fc.array(fates, { maxLength: 12 }), { minLength: 1, maxLength: 3 }),
    }),
    async ({ sizeBytes, isSizeKnown, isDigestKnown, schedules, ...sizes }) => {
      const bytes = seededBytes(sizeBytes);
      const digest = await digestOf(bytes);
      const targets = schedules.map((schedule, at) => {
        const target = new MemoryTarget(`r${at}.example/app`);
        let moments = 0;
        target.script = ({ call, phase, upload }) => {
          if (call === "startUpload" || call === "cancel" || phase === "before") return;
          const fate = schedule[moments++];
          if (!fate) return;
          if (upload && fate.isSessionLost) upload.isKnown = false;
          if (upload && call === "append") {
            upload.held.length = Math.min(upload.held.length, upload.offsetBytes + fate.keptBytes);
          }
          throw broken();
        };
        return target;
      });
      const { found, uploads } = await letPass({
        bytes,
        targets,
        blob: {
          size: isSizeKnown || isDigestKnown ? sizeBytes : undefined,
          digest: isDigestKnown ? digest : undefined,
        },
        ...sizes,
      });
      assert.deepEqual(found, { status: "fulfilled", value: { digest, size: sizeBytes } });
      for (const [at, upload] of uploads.entries()) {
        const stored = targets[at]!.blobs.get(digest);
        if (upload.status === "fulfilled") assert.deepEqual(stored, bytes);
        else assert.ok(isPusherError(upload.reason, "NETWORK"), String(upload.reason));
      }
    },
  ));
});
