import assert from "node:assert/strict";
import fc from "fast-check";
import { jsonDepth } from "../../../lib/spec/json_depth.ts";

function depthOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

Deno.test("jsonDepth() counts what a parser finds, whatever texts hold", () => {
  const text = fc.oneof(fc.string(), fc.constantFrom("[", "{", '"', "\\", '\\"[', "\\\\", "]]]"));
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 6 }, text, fc.integer(), fc.constant(null), tie("list"), tie("object")),
    list: fc.array(tie("value"), { maxLength: 4 }),
    object: fc.dictionary(text, tie("value"), { maxKeys: 4 }),
  }));
  fc.assert(fc.property(value, fc.nat({ max: 3 }), (value, indent) => {
    const bytes = new TextEncoder().encode(JSON.stringify(value, null, indent));
    assert.equal(jsonDepth(bytes), depthOf(value));
  }));
});

Deno.test("jsonDepth() comes to an end with what is no JSON", () => {
  const depthOfText = (text: string): number => jsonDepth(new TextEncoder().encode(text));
  assert.equal(depthOfText('"'), 0);
  assert.equal(depthOfText('"\\'), 0);
  assert.equal(depthOfText("]]]]["), 0);
  assert.equal(depthOfText("[[["), 3);
  assert.equal(depthOfText(""), 0);
});
