import assert from "node:assert/strict";
import { PushRemainder, tellingRemainder } from "../../../lib/cli/push_remainder.ts";
import type { CommandContext } from "../../../lib/commands/command_context.ts";
import type { TransferEvent } from "../../../lib/transfer/events.ts";
import { systemClock } from "../../../lib/util/clock.ts";
import { digest } from "../transfer/progress_events.ts";

const MIB = 2 ** 20;
const target = "registry.example.com/app";
const a = { target, digest: digest("a") };
const b = { target, digest: digest("b") };
const c = { target, digest: digest("c") };
const PLAN = { type: "plan:ready", targets: [`${target}:1`], blobs: 3, sizeBytes: 160 * MIB } as const;

function textOf(events: readonly TransferEvent[]): string | undefined {
  const remainder = new PushRemainder();
  for (const event of events) remainder.apply(event);
  return remainder.text();
}

Deno.test("PushRemainder counts what is there, whole blobs and parts of others", () => {
  const text = textOf([
    PLAN,
    { type: "blob:exists", ...a, sizeBytes: 10 * MIB },
    { type: "blob:resumed", ...b, offsetBytes: 30 * MIB },
    { type: "blob:bytes", ...b, deltaBytes: 20 * MIB },
    { type: "blob:bytes", ...b, deltaBytes: -10 * MIB },
    { type: "blob:bytes", ...c, deltaBytes: 50 * MIB },
    { type: "blob:done", ...c, sizeBytes: 50 * MIB },
    { type: "blob:failed", ...b, reason: "no way" },
  ]);
  assert.equal(text, "2 of 3 blobs are there (100 MiB of 160 MiB); run the same command again to continue.");
});

Deno.test("PushRemainder has nothing to say when nothing got there", () => {
  assert.equal(textOf([]), undefined);
  const lost: TransferEvent[] = [
    { type: "blob:bytes", ...a, deltaBytes: MIB },
    { type: "blob:bytes", ...a, deltaBytes: -MIB },
  ];
  assert.equal(textOf([PLAN, ...lost]), undefined);
});

Deno.test("tellingRemainder() says what is there when a push fails, and nothing when it does not", async () => {
  const events: TransferEvent[] = [];
  const context: CommandContext = {
    signal: new AbortController().signal,
    clock: systemClock,
    random: () => 0.5,
    env: () => undefined,
    onEvent: (event) => void events.push(event),
  };
  const done: TransferEvent = { type: "blob:done", ...a, sizeBytes: 10 * MIB };
  const result = await tellingRemainder(context, (inner) => {
    inner.onEvent(PLAN);
    inner.onEvent(done);
    return Promise.resolve("pushed");
  });
  assert.equal(result, "pushed");
  assert.deepEqual(events, [PLAN, done]);
  const reason = new Error("stop");
  const failing = tellingRemainder(context, (inner) => {
    inner.onEvent(PLAN);
    inner.onEvent(done);
    return Promise.reject(reason);
  });
  await assert.rejects(failing, reason);
  assert.deepEqual(events.at(-1), {
    type: "notice",
    message: "1 of 3 blobs are there (10.0 MiB of 160 MiB); run the same command again to continue.",
  });
});
