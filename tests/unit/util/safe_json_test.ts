import assert from "node:assert/strict";
import fc from "fast-check";
import { safeJson } from "../../../lib/util/safe_json.ts";

Deno.test("safeJson() reads back as what it was and does no harm to a terminal", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), fc.integer({ min: 0, max: 4 }), (text, indent) => {
    const json = safeJson({ [text]: [text] }, { indent });
    assert.deepEqual(JSON.parse(json), { [text]: [text] });
    assert.doesNotMatch(json.replaceAll("\n", ""), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  }));
});

Deno.test("safeJson() escapes characters beyond 16 bits as pairs", () => {
  assert.equal(safeJson("\u{e0001}"), '"\\udb40\\udc01"');
});
