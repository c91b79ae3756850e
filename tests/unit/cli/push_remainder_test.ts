import assert from "node:assert/strict";
import { PushRemainder, tellingRemainder } from "../../../lib/cli/push_remainder.ts";
import type { Outcome } from "../../../lib/cli/command_runner.ts";
import type { CommandContext } from "../../../lib/commands/command_context.ts";
import type { TransferEvent } from "../../../lib/transfer/events.ts";
import { systemClock } from "../../../lib/util/clock.ts";
import { digest } from "../transfer/progress/progress_events.ts";

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

const TAGGED = { type: "tag:done", reference: `${target}:1`, digest: digest("m") } as const;

Deno.test("PushRemainder counts what is left, whole blobs and parts of others", () => {
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
  assert.equal(text, "60.0 MiB of 160 MiB are left, in 1 of 3 blobs");
});

Deno.test("PushRemainder counts what passes, but only what the next run will know again", () => {
  const text = textOf([
    { type: "pass:start", targets: [target] },
    { type: "blob:done", ...a, sizeBytes: 10 * MIB },
    { type: "blob:bytes", ...b, deltaBytes: 20 * MIB },
    { type: "blob:bytes", target, digest: "7f/layer.tar", deltaBytes: 5 * MIB },
    { type: "blob:done", target, digest: "7f/layer.tar", sizeBytes: 5 * MIB, found: digest("d") },
  ]);
  assert.equal(text, "30.0 MiB are there, of what has passed so far");
});

Deno.test("PushRemainder has nothing to say when nothing got there", () => {
  assert.equal(textOf([]), undefined);
  const lost: TransferEvent[] = [
    { type: "blob:bytes", ...a, deltaBytes: MIB },
    { type: "blob:bytes", ...a, deltaBytes: -MIB },
  ];
  assert.equal(textOf([PLAN, ...lost]), undefined);
});

Deno.test("PushRemainder tells a missing tag from missing blobs, and both from nothing missing", () => {
  const blobs = [a, b, c].map((blob) => ({ type: "blob:exists", ...blob, sizeBytes: MIB }) as const);
  assert.equal(textOf([PLAN, ...blobs]), "All blobs are there, but not every tag");
  assert.equal(textOf([PLAN, ...blobs, TAGGED]), undefined);
  const reference = `${target}@${digest("m")}`;
  const manifest: TransferEvent = {
    type: "manifest:done",
    target,
    digest: digest("m"),
    mediaType: "",
    sizeBytes: 1,
  };
  assert.equal(textOf([{ ...PLAN, targets: [reference] }, ...blobs, manifest]), undefined);
});

/** What is told about a push in which this happens and that ends so. */
async function noticesOf(
  events: readonly TransferEvent[],
  end: () => Promise<Outcome>,
): Promise<{ notices: string[]; end: PromiseSettledResult<Outcome> }> {
  const notices: string[] = [];
  const context: CommandContext = {
    signal: new AbortController().signal,
    clock: systemClock,
    random: () => 0.5,
    env: () => undefined,
    onEvent: (event) => void (event.type === "notice" && notices.push(event.message)),
  };
  const pushing = tellingRemainder(context, {
    command: "push it",
    work: (inner) => {
      for (const event of events) inner.onEvent(event);
      return end();
    },
  });
  const [settled] = await Promise.allSettled([pushing]);
  return { notices, end: settled };
}

const DONE: TransferEvent = { type: "blob:done", ...a, sizeBytes: 10 * MIB };
const OUTCOME: Outcome = { report: {}, lines: [] };

Deno.test("tellingRemainder() says what is left of a push that fails, and how to go on", async () => {
  const reason = new Error("stop");
  const { notices, end } = await noticesOf([PLAN, DONE], () => Promise.reject(reason));
  assert.deepEqual(end, { status: "rejected", reason });
  assert.deepEqual(notices, [
    "150 MiB of 160 MiB are left, in 2 of 3 blobs. To continue, run:",
    "push it",
  ]);
});

Deno.test("tellingRemainder() says how to go on when some images did not get through", async () => {
  const value = { ...OUTCOME, error: new Error("some failed") };
  const left = await noticesOf([PLAN, DONE], () => Promise.resolve(value));
  assert.deepEqual(left.end, { status: "fulfilled", value });
  assert.match(left.notices.join(), /^150 MiB of 160 MiB are left.*push it$/);
  const unreachable = await noticesOf([], () => Promise.resolve(value));
  assert.deepEqual(unreachable.notices, ["Not every image got through. To continue, run:", "push it"]);
});

Deno.test("tellingRemainder() says nothing when all went well, or nothing got there", async () => {
  const well = await noticesOf([PLAN, DONE, TAGGED], () => Promise.resolve(OUTCOME));
  assert.deepEqual(well, { notices: [], end: { status: "fulfilled", value: OUTCOME } });
  const early = await noticesOf([PLAN], () => Promise.reject(new Error("denied")));
  assert.deepEqual(early.notices, []);
});

Deno.test("PushRemainder counts layers that were sent compressed, whole ones only", () => {
  const text = textOf([
    { type: "pass:start", targets: [target] },
    { type: "compress:start", digest: a.digest, sizeBytes: 100 * MIB },
    { type: "blob:bytes", ...a, deltaBytes: 40 * MIB },
    { type: "blob:done", ...a, sizeBytes: 40 * MIB, found: digest("d") },
    { type: "compress:start", digest: b.digest, sizeBytes: 100 * MIB },
    { type: "blob:bytes", ...b, deltaBytes: 20 * MIB },
    { type: "compress:start", digest: "0/layer.tar", sizeBytes: 100 * MIB },
    { type: "blob:done", target, digest: "0/layer.tar", sizeBytes: 40 * MIB, found: digest("e") },
  ]);
  assert.equal(text, "40.0 MiB are there, of what has passed so far");
});
