import assert from "node:assert/strict";
import { createRenderer, type RendererOptions } from "../../../../lib/cli/ui/create_renderer.ts";
import { blob } from "../../transfer/progress/progress_events.ts";
import { FakeHost, type FakeHostOptions } from "../fake_host.ts";

/** What kind of renderer it is, by what it writes. */
function kind(host: FakeHostOptions, options: RendererOptions = {}): string {
  const fake = new FakeHost(host);
  using renderer = createRenderer(fake, options);
  const { start, done } = blob("a", 1);
  renderer.onEvent(start);
  renderer.onEvent(done);
  if (fake.stderr.text.includes("\x1b[?25l")) return "tty";
  if (fake.stderr.text.startsWith("{")) return "json";
  return fake.stderr.text === "" ? "none" : "plain";
}

Deno.test("createRenderer() is live for a person at a terminal and plain for everyone else", () => {
  assert.equal(kind({ isTerminal: true }), "tty");
  assert.equal(kind({ isTerminal: false }), "plain");
  assert.equal(kind({ isTerminal: true, env: { TERM: "dumb" } }), "plain");
  assert.equal(kind({ isTerminal: true, env: { CI: "true" } }), "plain");
  assert.equal(kind({ isTerminal: true }, { progress: "auto" }), "tty");
});

Deno.test("createRenderer() does what --progress says, wherever it runs", () => {
  for (const isTerminal of [true, false]) {
    for (const progress of ["tty", "plain", "json", "none"] as const) {
      assert.equal(kind({ isTerminal }, { progress }), progress);
    }
  }
});

Deno.test("createRenderer() is quiet before everything else", () => {
  assert.equal(kind({ isTerminal: true }, { progress: "tty", quiet: true }), "none");
});
