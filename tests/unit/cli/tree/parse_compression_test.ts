import assert from "node:assert/strict";
import { parseCompression } from "../../../../lib/cli/tree/parse_compression.ts";
import { isPusherError } from "../../../../lib/errors.ts";

Deno.test("parseCompression() reads formats with and without a level", () => {
  assert.equal(parseCompression("none"), undefined);
  assert.deepEqual(parseCompression("gzip"), { format: "gzip", level: 2 });
  assert.deepEqual(parseCompression("gzip:9"), { format: "gzip", level: 9 });
  assert.deepEqual(parseCompression("zstd"), { format: "zstd", level: 3 });
  assert.deepEqual(parseCompression("zstd:19"), { format: "zstd", level: 19 });
});

for (
  const text of ["", "gz", "gzip:", "gzip:0", "gzip:10", "zstd:20", "zstd:-1", "zstd:3.5", "none:1", "xz"]
) {
  Deno.test(`parseCompression() refuses "${text}"`, () => {
    assert.throws(
      () => parseCompression(text),
      (error) => isPusherError(error, "USAGE") && error.message.includes(`--compress "${text}"`),
    );
  });
}
