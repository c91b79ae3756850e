import assert from "node:assert/strict";
import { PusherError } from "../../../../lib/errors.ts";
import type { Descriptor } from "../../../../lib/spec/descriptor.ts";
import { digestOf } from "../../../../lib/spec/digest.ts";
import { OriginSource } from "../../../../lib/transfer/fetch/origin_source.ts";
import { SourceFailure } from "../../../../lib/transfer/fetch/source_failure.ts";
import { DEFAULT_RETRY_POLICY } from "../../../../lib/util/retry.ts";
import { FakeClock } from "../../../support/fake_clock.ts";

const CONTENT = new TextEncoder().encode("0123456789");

interface Stage extends Disposable {
  source: OriginSource;
  blob: Descriptor;
  /** Where each request began. */
  offsets: number[];
  /** Requests that were given up before their end. */
  canceled: number;
}

/** A repository with one blob. Its answers give this content, and fail with this error where there is one. */
async function stageWith(
  content: Uint8Array = CONTENT,
  error: Error | undefined = undefined,
): Promise<Stage> {
  const offsets: number[] = [];
  const source = new OriginSource({
    name: "r.example/app",
    readBlob(_, offsetBytes) {
      offsets.push(offsetBytes);
      const chunks = [...content.subarray(offsetBytes)].map((byte) => Uint8Array.of(byte));
      return Promise.resolve(
        new ReadableStream({
          pull(controller) {
            const chunk = chunks.shift();
            if (chunk) controller.enqueue(chunk);
            else if (error) controller.error(error);
            else controller.close();
          },
          cancel: () => void stage.canceled++,
        }),
      );
    },
  }, {
    policy: DEFAULT_RETRY_POLICY,
    clock: new FakeClock({ autoAdvance: true }),
    random: () => 0.5,
    signal: new AbortController().signal,
    onEvent: () => {},
  });
  const blob = { mediaType: "x", digest: await digestOf(CONTENT), size: CONTENT.length };
  const stage = { source, blob, offsets, canceled: 0, [Symbol.dispose]: () => source[Symbol.dispose]() };
  return stage;
}

async function read({ source, blob }: Stage, offsetBytes: number, lengthBytes: number): Promise<string> {
  let text = "";
  for await (const chunk of source.openBlob(blob, { offsetBytes, lengthBytes })) {
    text += new TextDecoder().decode(chunk);
  }
  return text;
}

Deno.test("OriginSource reads parts that follow each other from one answer", async () => {
  using stage = await stageWith();
  assert.equal(await read(stage, 0, 4), "0123");
  assert.equal(await read(stage, 4, 3), "456");
  assert.equal(await read(stage, 7, 3), "789");
  assert.deepEqual([stage.offsets, stage.canceled], [[0], 0]);
});

Deno.test("OriginSource asks anew for what was read before, and keeps nothing open at the end", async () => {
  using stage = await stageWith();
  await read(stage, 0, 4);
  assert.equal(await read(stage, 2, 6), "234567");
  assert.equal(await read(stage, 8, 2), "89");
  assert.deepEqual(stage.offsets, [0, 2]);
  await Promise.resolve();
  assert.equal(stage.canceled, 1);
});

Deno.test("OriginSource serves readers that are apart from each other", async () => {
  using stage = await stageWith();
  const texts = [];
  for (const offsetBytes of [0, 4, 2, 6]) texts.push(await read(stage, offsetBytes, 2));
  assert.deepEqual(texts, ["01", "45", "23", "67"]);
  assert.deepEqual(stage.offsets, [0, 4]);
});

Deno.test("OriginSource tells its failures from those of the other side", async () => {
  const refusal = new PusherError("REGISTRY_REJECTED", "Cannot read blob: 404", {
    detail: { registry: "r", request: "GET", status: 404, errorCodes: ["BLOB_UNKNOWN"], unknownDigests: [] },
    hint: "Push it.",
  });
  using stage = await stageWith(CONTENT.subarray(0, 3), refusal);
  await assert.rejects(
    read(stage, 0, 10),
    (error) => error instanceof SourceFailure && error.cause === refusal,
  );
  using long = await stageWith(new TextEncoder().encode("0123456789a"));
  await assert.rejects(read(long, 0, 10), /the registry sends more than its 10 bytes/);
});
