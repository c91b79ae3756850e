import assert from "node:assert/strict";
import { BEGIN_FRAME, cursorUp, END_FRAME } from "../../../../lib/cli/ui/ansi.ts";
import { TtyRenderer } from "../../../../lib/cli/ui/tty_renderer.ts";
import { blob, TARGET } from "../../transfer/progress/progress_events.ts";
import { FakeHost } from "../fake_host.ts";
import { FakeScreen } from "./fake_screen.ts";

const STYLE = { color: true, ascii: true };
const HALF_DONE = [
  "aaaaaaaaaaaa ################----------------     512/999 B    512 B/s     1s",
  "total 51%    ################----------------     512/999 B    512 B/s     1s",
];

interface Stage {
  host: FakeHost;
  renderer: TtyRenderer;
  /** What the terminal shows after everything written so far. */
  screen(): FakeScreen;
}

function stage(columns = 78): Stage {
  const host = new FakeHost({ isTerminal: true, size: { columns, rows: 24 } });
  return {
    host,
    renderer: new TtyRenderer(host, STYLE),
    screen() {
      const screen = new FakeScreen(columns);
      screen.write(host.stderr.text);
      return screen;
    },
  };
}

Deno.test("TtyRenderer draws progress in place, ten times a second, with the cursor hidden", async () => {
  const { host, renderer, screen } = stage();
  using _ = renderer;
  const { start, bytes } = blob("a", 999);
  renderer.onEvent(start);
  assert.equal(screen().text, "");
  await host.clock.advance(100);
  assert.match(screen().text, /^a{12}.* checking\ntotal 0%.*$/);
  renderer.onEvent(bytes(512));
  await host.clock.advance(900);
  assert.deepEqual(screen().text.split("\n"), HALF_DONE);
  assert.equal(screen().isCursorShown, false);
  assert.equal(host.stdout.text, "");
});

Deno.test("TtyRenderer writes each frame at once", async () => {
  const { host, renderer } = stage();
  using _ = renderer;
  const writes: string[] = [];
  host.stderr.write = (text) => void writes.push(text);
  renderer.onEvent(blob("a", 999).start);
  await host.clock.advance(300);
  assert.equal(writes.length, 1 + 3);
  for (const frame of writes.slice(1)) {
    assert(frame.startsWith(BEGIN_FRAME) && frame.endsWith(END_FRAME), JSON.stringify(frame));
  }
});

Deno.test("TtyRenderer lets messages scroll by above the live region", async () => {
  const { host, renderer, screen } = stage();
  using _ = renderer;
  const { start, bytes } = blob("a", 999);
  renderer.onEvent({ type: "notice", message: "first" });
  renderer.onEvent(start);
  renderer.onEvent(bytes(512));
  await host.clock.advance(1_000);
  renderer.onEvent({ type: "warning", message: "second\x07" });
  renderer.print("third ".repeat(20));
  assert.deepEqual(screen().text.split("\n"), [
    "first",
    "warning: second\\u{7}",
    "third ".repeat(13).trim(),
    "third ".repeat(7).trim(),
    ...HALF_DONE,
  ]);
});

Deno.test("TtyRenderer says above the live region why something is tried again, once for each reason", async () => {
  const { host, renderer, screen } = stage();
  using _ = renderer;
  const [a, b] = [blob("a", 999), blob("b", 999)];
  for (const event of [a.start, b.start, a.retry(2, 3_000), b.retry(2, 3_000)]) renderer.onEvent(event);
  await host.clock.advance(100);
  const lines = screen().text.split("\n");
  assert.equal(lines[0], `${TARGET}: try 2 in 3s: the registry answered 503`);
  assert.match(lines[1]!, /^2 retries$/);
  assert.match(lines[2]!, /^a{12} .* try 2 in 3s$/);
});

Deno.test("TtyRenderer shrinks with what is under way", async () => {
  const { host, renderer, screen } = stage();
  using _ = renderer;
  const blobs = ["a", "b", "c"].map((char) => blob(char, 100));
  for (const { start } of blobs) renderer.onEvent(start);
  await host.clock.advance(100);
  assert.equal(screen().text.split("\n").length, 4);
  for (const { done } of blobs) renderer.onEvent(done);
  await host.clock.advance(100);
  assert.match(screen().text, /^3 of 3 done\ntotal 100%[^\n]*$/);
});

Deno.test("TtyRenderer takes itself away when disposed and shows the cursor again", async () => {
  const { host, renderer, screen } = stage();
  renderer.onEvent({ type: "notice", message: "first" });
  renderer.onEvent(blob("a", 999).start);
  await host.clock.advance(100);
  renderer[Symbol.dispose]();
  assert.equal(screen().text, "first");
  assert.equal(screen().isCursorShown, true);
  assert.equal(screen().isWrapping, true);
  assert.equal(host.clock.pending, 0);
});

Deno.test("TtyRenderer still shows messages after it ended, and nothing else", () => {
  const { host, renderer, screen } = stage();
  renderer[Symbol.dispose]();
  renderer.onEvent(blob("a", 999).start);
  renderer.onEvent({ type: "warning", message: "late" });
  assert.equal(screen().text, "warning: late");
  assert.equal(screen().isCursorShown, true);
  assert.equal(host.clock.pending, 0);
});

Deno.test("TtyRenderer leaves the terminal to a question and comes back", async () => {
  const { host, renderer, screen } = stage();
  using _ = renderer;
  const { start, bytes } = blob("a", 999);
  renderer.onEvent(start);
  await host.clock.advance(100);
  {
    using _pause = renderer.pause();
    assert.equal(screen().text, "");
    assert.equal(screen().isCursorShown, true);
    renderer.onEvent(bytes(512));
    host.stderr.write("Sure? yes\n");
    assert.equal(host.clock.pending, 0);
  }
  await host.clock.advance(900);
  assert.deepEqual(screen().text.split("\n"), ["Sure? yes", ...HALF_DONE]);
});

Deno.test("TtyRenderer does not come to life during a question", async () => {
  const { host, renderer, screen } = stage();
  using _ = renderer;
  {
    using _pause = renderer.pause();
    renderer.onEvent(blob("a", 999).start);
    assert.equal(host.clock.pending, 0);
  }
  renderer.onEvent(blob("b", 999).start);
  await host.clock.advance(100);
  assert.equal(screen().text.split("\n").length, 3);
});

Deno.test("TtyRenderer clears the rows that its lines take in a terminal that became narrower", async () => {
  const { host, renderer } = stage(100);
  using _ = renderer;
  renderer.onEvent(blob("a", 999).start);
  await host.clock.advance(100);
  host.size = { columns: 30, rows: 24 };
  host.stderr.text = "";
  await host.clock.advance(100);
  // Two lines of about 80 characters, each wrapped to 3 rows.
  assert(host.stderr.text.startsWith(BEGIN_FRAME + cursorUp(6)), JSON.stringify(host.stderr.text));
});
