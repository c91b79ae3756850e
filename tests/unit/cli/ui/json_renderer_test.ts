import assert from "node:assert/strict";
import { createJsonRenderer } from "../../../../lib/cli/ui/json_renderer.ts";
import type { TransferEvent } from "../../../../lib/transfer/events.ts";
import { blob } from "../../transfer/progress/progress_events.ts";
import { FakeHost } from "../fake_host.ts";

Deno.test("createJsonRenderer() writes every event as it is, one a line", () => {
  const host = new FakeHost();
  using renderer = createJsonRenderer(host.stderr);
  const { start, bytes, done } = blob("a", 10);
  const events: TransferEvent[] = [start, bytes(10), done, { type: "warning", message: "two\nlines\u202e" }];
  for (const event of events) renderer.onEvent(event);
  const lines = host.stderr.text.trimEnd().split("\n");
  assert.deepEqual(lines.map((line) => JSON.parse(line)), events);
  assert(!host.stderr.text.includes("\u202e"));
});

Deno.test("createJsonRenderer() writes lines that are no events as JSON, too", () => {
  const host = new FakeHost();
  using renderer = createJsonRenderer(host.stderr);
  renderer.print("> GET https://registry.example.com/v2/");
  assert.deepEqual(JSON.parse(host.stderr.text), {
    type: "trace",
    message: "> GET https://registry.example.com/v2/",
  });
});
