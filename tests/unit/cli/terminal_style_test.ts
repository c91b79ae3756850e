import assert from "node:assert/strict";
import { terminalStyle } from "../../../lib/cli/terminal_style.ts";
import { FakeHost } from "./fake_host.ts";

function style(env: Record<string, string>, isTerminal = true): { color: boolean; ascii: boolean } {
  const host = new FakeHost({ env, isTerminal });
  return terminalStyle(host, host.stderr);
}

Deno.test("terminalStyle() uses color on a terminal unless it is unwanted or impossible", () => {
  assert.equal(style({}).color, true);
  assert.equal(style({ NO_COLOR: "" }).color, true);
  assert.equal(style({ NO_COLOR: "1" }).color, false);
  assert.equal(style({ TERM: "dumb" }).color, false);
  assert.equal(style({}, false).color, false);
});

Deno.test("terminalStyle() uses more than ASCII where the locale says UTF-8", () => {
  assert.equal(style({}).ascii, true);
  assert.equal(style({ LANG: "C" }).ascii, true);
  assert.equal(style({ LANG: "de_DE.UTF-8" }).ascii, false);
  assert.equal(style({ LANG: "C.utf8" }).ascii, false);
  assert.equal(style({ LANG: "C", LC_CTYPE: "en_US.UTF-8" }).ascii, false);
  assert.equal(style({ LANG: "en_US.UTF-8", LC_ALL: "C" }).ascii, true);
});

Deno.test("terminalStyle() trusts Windows with more than ASCII", () => {
  const host = Object.assign(new FakeHost(), { isWindows: true });
  assert.equal(terminalStyle(host, host.stderr).ascii, false);
});
