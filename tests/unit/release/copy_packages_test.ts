import assert from "node:assert/strict";
import { withLazyBuiltins } from "../../../scripts/release/copy_packages.ts";

Deno.test("withLazyBuiltins() loads a module of the runtime when it is used", async () => {
  const source = `import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
export const name = () => stripVTControlCharacters(path.basename('/a/\\x1b[1mb'));
`;
  const lazy = withLazyBuiltins(source);
  assert.doesNotMatch(lazy, /^import/m);
  assert.equal(lazy.split("\n").length, source.split("\n").length);
  const { name } = await import(`data:text/javascript,${encodeURIComponent(lazy)}`);
  assert.equal(name(), "b");
});

Deno.test("withLazyBuiltins() leaves other imports alone", () => {
  const source = "import { a } from './a.js';\nimport b from 'b';\n";
  assert.equal(withLazyBuiltins(source), source);
});

Deno.test("withLazyBuiltins() replaces what a class extends, and refuses forms that it does not know", () => {
  assert.match(withLazyBuiltins("import { EventEmitter } from 'node:events';"), /from "event_emitter";$/);
  assert.throws(() => withLazyBuiltins("import * as fs from 'node:fs';"), /has another form/);
});
