import assert from "node:assert/strict";
import { printable } from "../../../lib/util/printable.ts";

Deno.test("printable() shows what a terminal would obey, and what hides or reorders text", () => {
  const cases: [string, string, string][] = [
    ["escape sequence", "\x1b[31mred", "\\u{1b}[31mred"],
    ["8-bit CSI", "\x9b31m", "\\u{9b}31m"],
    ["line ends", "a\r\nb\u0085c\u2028d\u2029e", "a\\u{d}\\u{a}b\\u{85}c\\u{2028}d\\u{2029}e"],
    ["NUL, BEL, backspace, DEL", "\0\x07\b\x7f", "\\u{0}\\u{7}\\u{8}\\u{7f}"],
    ["right-to-left override", "gnp\u202e.exe", "gnp\\u{202e}.exe"],
    ["bidi isolates", "\u2066x\u2069", "\\u{2066}x\\u{2069}"],
    ["Arabic letter mark", "a\u061cb", "a\\u{61c}b"],
    ["zero-width space and joiner", "a\u200bb\u200dc", "a\\u{200b}b\\u{200d}c"],
    ["soft hyphen, byte order mark", "a\u00adb\ufeff", "a\\u{ad}b\\u{feff}"],
    ["invisible tag characters", "a\u{e0061}\u{e007f}", "a\\u{e0061}\\u{e007f}"],
    ["half a surrogate pair", "a\ud83db", "a\\u{d83d}b"],
  ];
  for (const [what, text, shown] of cases) assert.equal(printable(text), shown, what);
});

Deno.test("printable() leaves text of any script as it is", () => {
  const text = "Zażółć 例え שלום 🐳 naïve–“quoted” \\u{1b}";
  assert.equal(printable(text), text);
});

Deno.test("printable() cuts after escaping, within the length and between characters", () => {
  assert.equal(printable("abcdef", 6), "abcdef");
  assert.equal(printable("abcdefg", 6), "abcde…");
  assert.equal(printable("\n".repeat(500)).length, 500);
  assert.equal(printable("abcd🐳🐳", 6), "abcd…", "a pair is not cut in half");
});
