import assert from "node:assert/strict";
import { PlainRenderer } from "../../../../lib/cli/ui/plain_renderer.ts";
import { blob, digest, TARGET } from "../../transfer/progress/progress_events.ts";
import { FakeHost } from "../fake_host.ts";

const MIB = 2 ** 20;
const A = "a".repeat(12);

Deno.test("PlainRenderer writes a line for every change of state", () => {
  const host = new FakeHost();
  using renderer = new PlainRenderer(host.stderr, host.clock);
  const { start, bytes, retry, done } = blob("a", MIB);
  const existing = blob("b", 2 * MIB);
  renderer.onEvent({ type: "notice", message: "app:1 → registry.example.com/app:1" });
  renderer.onEvent({ type: "plan:ready", targets: [`${TARGET}:1`], blobs: 2, sizeBytes: 3 * MIB });
  for (const event of [start, bytes(MIB / 2), bytes(-MIB / 2), retry(2, 1_500), bytes(MIB), done]) {
    renderer.onEvent(event);
  }
  renderer.onEvent({
    type: "request:retry",
    target: TARGET,
    attempt: 3,
    delayMs: 2_000,
    reason: "no answer\x07",
  });
  renderer.onEvent(existing.start);
  renderer.onEvent(existing.exists);
  renderer.onEvent({ type: "warning", message: "something\x07" });
  renderer.onEvent({ type: "tag:done", reference: `${TARGET}:1`, digest: digest("f") });
  assert.deepEqual(host.stderr.text.split("\n"), [
    "app:1 → registry.example.com/app:1",
    "pushing 2 blobs (3.00 MiB)",
    `blob ${A}: try 2 in 2s: the registry answered 503`,
    `blob ${A}: sent (1.00 MiB)`,
    `${TARGET}: try 3 in 2s: no answer\\u{7}`,
    `blob ${"b".repeat(12)}: already there (2.00 MiB)`,
    "warning: something\\u{7}",
    `tagged ${TARGET}:1 ${digest("f")}`,
    "",
  ]);
  assert.equal(host.stdout.text, "");
});

Deno.test("PlainRenderer says whether blobs are pushed or copied", () => {
  const host = new FakeHost();
  using renderer = new PlainRenderer(host.stderr, host.clock);
  renderer.onEvent({ type: "plan:ready", targets: [`${TARGET}:1`], blobs: 2, sizeBytes: MIB, isCopy: true });
  assert.equal(host.stderr.text, "copying 2 blobs (1.00 MiB)\n");
});

Deno.test("PlainRenderer says from where a blob goes on", () => {
  const host = new FakeHost();
  using renderer = new PlainRenderer(host.stderr, host.clock);
  const key = { target: TARGET, digest: digest("a") };
  renderer.onEvent({ type: "blob:resumed", ...key, offsetBytes: MIB });
  renderer.onEvent({ type: "blob:resumed", ...key, offsetBytes: 0 });
  assert.equal(host.stderr.text, `blob ${A}: continues at 1.00 MiB\nblob ${A}: begins again\n`);
});

Deno.test("PlainRenderer says which blobs came from the cache, and which only in part", () => {
  const host = new FakeHost();
  using renderer = new PlainRenderer(host.stderr, host.clock);
  renderer.onEvent({ type: "pull:ready", references: [`${TARGET}:1`], blobs: 2, sizeBytes: 2 * MIB });
  const key = { target: TARGET, sizeBytes: MIB };
  renderer.onEvent({ type: "blob:done", ...key, digest: digest("a"), cachedBytes: MIB });
  renderer.onEvent({ type: "blob:done", ...key, digest: digest("b"), cachedBytes: 1 });
  assert.deepEqual(host.stderr.text.split("\n").slice(1), [
    `blob ${A}: from the cache (1.00 MiB)`,
    `blob ${"b".repeat(12)}: received (1.00 MiB)`,
    "",
  ]);
});

Deno.test("PlainRenderer names the repository once there are several", () => {
  const host = new FakeHost();
  using renderer = new PlainRenderer(host.stderr, host.clock);
  const here = blob("a", 1, "one.example/app");
  const there = blob("a", 1, "two.example/app");
  for (const event of [here.start, there.start, there.done]) renderer.onEvent(event);
  assert.equal(host.stderr.text, `blob ${A} at two.example/app: sent (1 B)\n`);
});

Deno.test("PlainRenderer writes what is saved", () => {
  const host = new FakeHost();
  using renderer = new PlainRenderer(host.stderr, host.clock);
  renderer.onEvent({ type: "save:start", image: "redis:7", path: "redis_7.tar", runtime: "podman" });
  renderer.onEvent({ type: "save:bytes", image: "redis:7", deltaBytes: MIB });
  renderer.onEvent({ type: "save:done", image: "redis:7", path: "redis_7.tar", sizeBytes: MIB });
  assert.equal(
    host.stderr.text,
    "saving redis:7 with podman to redis_7.tar\nsaved redis:7 (1.00 MiB)\n",
  );
});

Deno.test("PlainRenderer says every 10 seconds how far it is", async () => {
  const host = new FakeHost();
  using renderer = new PlainRenderer(host.stderr, host.clock);
  const { start, bytes } = blob("a", 100 * MIB);
  renderer.onEvent(start);
  for (let second = 0; second < 20; second++) {
    renderer.onEvent(bytes(MIB));
    await host.clock.advance(1_000);
  }
  assert.deepEqual(host.stderr.text.trimEnd().split("\n"), [
    "progress: 10/100 MiB, 10%, 1.00 MiB/s, 1m30s left, 0 of 1 done",
    "progress: 20/100 MiB, 20%, 1.00 MiB/s, 1m20s left, 0 of 1 done",
  ]);
});

Deno.test("PlainRenderer says that nothing moves", async () => {
  const host = new FakeHost();
  using renderer = new PlainRenderer(host.stderr, host.clock);
  renderer.onEvent({ type: "save:start", image: "redis:7", path: "redis_7.tar", runtime: "docker" });
  await host.clock.advance(10_000);
  assert.match(host.stderr.text, /progress: 0 B, 0 B\/s, 0 of 1 done\n$/);
});

Deno.test("PlainRenderer has no heartbeat before work begins and after it ended", async () => {
  const host = new FakeHost();
  const renderer = new PlainRenderer(host.stderr, host.clock);
  renderer.onEvent({ type: "notice", message: "hello" });
  assert.equal(host.clock.pending, 0);
  const waiting = { target: "r.example/app", attempt: 2, delayMs: 20_000, reason: "no answer" };
  renderer.onEvent({ type: "request:retry", ...waiting });
  await host.clock.advance(10_000);
  assert.doesNotMatch(host.stderr.text, /progress/);
  renderer.onEvent(blob("a", 1).start);
  assert.equal(host.clock.pending, 1);
  await host.clock.advance(10_000);
  assert.match(host.stderr.text, /progress/);
  renderer[Symbol.dispose]();
  assert.equal(host.clock.pending, 0);
});

Deno.test("PlainRenderer says what a layer was compressed to, whatever it is called", () => {
  const host = new FakeHost();
  using renderer = new PlainRenderer(host.stderr, host.clock);
  const compressed = { sizeBytes: 4 * MIB, found: digest("c"), compressedBytes: MIB };
  renderer.onEvent({ type: "compress:start", digest: digest("a"), sizeBytes: 4 * MIB });
  renderer.onEvent({ type: "compress:done", digest: digest("a"), ...compressed });
  renderer.onEvent({ type: "compress:done", digest: "\x1b[31m/layer.tar", ...compressed });
  assert.deepEqual(host.stderr.text.split("\n"), [
    `layer ${A}: compressed to 1.00 MiB (25% of 4.00 MiB)`,
    "layer \\u{1b}[31m/layer.tar: compressed to 1.00 MiB (25% of 4.00 MiB)",
    "",
  ]);
});
