import assert from "node:assert/strict";
import { createQuietRenderer } from "../../../../lib/cli/ui/quiet_renderer.ts";
import { blob } from "../../transfer/progress/progress_events.ts";
import { FakeHost } from "../fake_host.ts";

for (
  const [notices, expected] of [
    [true, "hello\nwarning: careful\n> GET\n"],
    [false, "warning: careful\n> GET\n"],
  ] as const
) {
  Deno.test(`createQuietRenderer() shows warnings ${notices ? "and" : "but no"} notices, no progress`, () => {
    const host = new FakeHost();
    using renderer = createQuietRenderer(host.stderr, { notices });
    renderer.onEvent(blob("a", 1).start);
    renderer.onEvent({ type: "notice", message: "hello" });
    renderer.onEvent({ type: "warning", message: "careful" });
    renderer.print("> GET");
    assert.equal(host.stderr.text, expected);
  });
}
