import assert from "node:assert/strict";
import { codeFaults, fileFaults } from "./support/architecture/code_rules.ts";
import { layerFaults, packageFaults } from "./support/architecture/import_rules.ts";
import { findCycle, type ImportEdge, readImports, readSources } from "./support/architecture/module_graph.ts";

const lib = await readSources("lib");
const paths = [...lib.map(({ path }) => path), "main.ts"];
const imports = await readImports(paths);

function assertNone(faults: readonly string[]): void {
  if (faults.length > 0) assert.fail(`${faults.length} against the rules:\n  ${faults.join("\n  ")}`);
}

Deno.test("the layers import in the directions of the design", () => {
  assertNone(layerFaults(imports));
});

Deno.test("packages are imported where they may be, and slow ones lazily", () => {
  assertNone(packageFaults(imports));
});

Deno.test("no files import each other in a circle", () => {
  assert.deepEqual(findCycle(imports.filter(({ isTypeOnly }) => !isTypeOnly)), []);
});

Deno.test("every file of lib is used by the program or the library", () => {
  const used = new Set(["main.ts", "lib/mod.ts"]);
  for (const path of used) for (const { from, to } of imports) if (from === path) used.add(to);
  const unused = paths.filter((path) => !used.has(path));
  assertNone(unused.map((path) => `${path}: neither main.ts nor lib/mod.ts leads to it`));
});

Deno.test("files are of bounded length and named after what they hold", async () => {
  const others = [...await readSources("tests"), ...await readSources("scripts")];
  assertNone([...lib, ...others].flatMap(fileFaults));
});

Deno.test("the program leaves terminal, time and chance to whoever runs it", () => {
  assertNone(lib.flatMap(codeFaults));
});

Deno.test("the rules find what they are for", () => {
  const edge = (from: string, to: string): ImportEdge => ({ from, to, isDynamic: false, isTypeOnly: false });
  assert.deepEqual(
    layerFaults([edge("lib/registry/a.ts", "lib/cli/b.ts"), edge("lib/cli/a.ts", "lib/spec/b.ts")]),
    [
      "lib/registry/a.ts: registry must not import cli, but imports lib/cli/b.ts",
      "lib/cli/a.ts: cli must not import spec, but imports lib/spec/b.ts",
    ],
  );
  assert.deepEqual(
    layerFaults([edge("main.ts", "lib/cli/app.ts"), edge("lib/cli/a.ts", "lib/transfer/events.ts")]),
    [],
  );
  assert.deepEqual(
    packageFaults([edge("lib/spec/a.ts", "left-pad"), edge("lib/cli/prompts.ts", "@clack/prompts")]),
    [
      'lib/spec/a.ts: "left-pad" is not a package that the program may import',
      'lib/cli/prompts.ts: "@clack/prompts" must be imported by import()',
    ],
  );
  assert.deepEqual(findCycle([edge("a", "b"), edge("b", "c"), edge("c", "b")]), ["b", "c", "b"]);
  const text =
    "console.log(Date.now());\nexport const f = () => setTimeout(f, 1);\nlet state = 1;\nDeno.exit(state);\n";
  assert.deepEqual(codeFaults({ path: "lib/a.ts", text }).map((fault) => fault.split(": ")[0]), [
    "lib/a.ts:1",
    "lib/a.ts:1",
    "lib/a.ts:2",
    "lib/a.ts:2",
    "lib/a.ts:3",
    "lib/a.ts:4",
  ]);
  const long = "export function parse() {}\n".repeat(401);
  assert.deepEqual(fileFaults({ path: "lib/utils.ts", text: long }), [
    "lib/utils.ts: a file must have at most 400 lines, but it has 401",
    'lib/utils.ts: "utils" says nothing of what a file holds',
  ]);
  assert.equal(fileFaults({ path: "lib/wrong_name.ts", text: "export const OTHER = 1;\n" }).length, 1);
});
