import type { SourceFile } from "./module_graph.ts";

const MAX_LINES: Record<string, number> = { lib: 400, tests: 600, scripts: 600 };
const FORBIDDEN_NAMES = ["utils", "helpers", "types", "index", "common"];
const EXPORT_REGEXP = /^export (?:async |declare )*(?:function\*?|class|interface|type|const) (\w+)/gm;

const SUSPECT_REGEXP =
  /\b(?:console|exit|Date|performance|random|timeout|setTimeout|setInterval|private|enum)\b|^(?:export )?(?:let|const .*=>)/m;

/** The outside world, by file: elsewhere it comes in as an argument. */
const TIME_AND_CHANCE = ["lib/util/clock.ts", "lib/cli/host.ts", "main.ts"];

/**
 * Checks what every file must be: of bounded length, and named after what it exports.
 *
 * @param file The file.
 * @returns What is wrong, one line each, naming file and rule.
 */
export function fileFaults({ path, text }: SourceFile): string[] {
  const faults: string[] = [];
  const name = path.slice(path.lastIndexOf("/") + 1, -".ts".length);
  const lines = text.split("\n").length - 1;
  const max = MAX_LINES[path.split("/")[0]!] ?? 0;
  if (lines > max) faults.push(`${path}: a file must have at most ${max} lines, but it has ${lines}`);
  if (!/^[a-z0-9_]+$/.test(name)) faults.push(`${path}: file names must be in snake_case`);
  if (FORBIDDEN_NAMES.includes(name)) faults.push(`${path}: "${name}" says nothing of what a file holds`);
  if (path.startsWith("lib/") && !text.includes("@module") && !isNamedAfterExport(name, text)) {
    faults.push(
      `${path}: a file must be named after its main export, or say in a @module comment what it holds`,
    );
  }
  return faults;
}

/**
 * Checks what the code of the program must not do.
 *
 * @param file The file.
 * @returns What is wrong, one line each, naming file, line and rule.
 */
export function codeFaults({ path, text }: SourceFile): string[] {
  // Parsing for a plugin takes a tenth of a second a file, so only those are parsed that look like it.
  if (!SUSPECT_REGEXP.test(text)) return [];
  return Deno.lint.runPlugin(PLUGIN, path, text)
    .filter(({ id }) => !(id === "project/time-and-chance" && TIME_AND_CHANCE.includes(path)))
    .map(({ message, range }) => `${path}:${text.slice(0, range[0]).split("\n").length}: ${message}`);
}

const PLUGIN: Deno.lint.Plugin = {
  name: "project",
  rules: {
    "no-console": forbid("what is said goes through the terminal that comes in", [
      'MemberExpression[object.name="console"]',
    ]),
    "no-exit": forbid("Deno.exit skips what must be cleaned up; set Deno.exitCode in main.ts", [
      'MemberExpression[object.name="Deno"][property.name="exit"]',
    ]),
    "time-and-chance": forbid("time and chance come in from outside", [
      'MemberExpression[object.name="Date"][property.name="now"]',
      'MemberExpression[object.name="performance"][property.name="now"]',
      'MemberExpression[object.name="Math"][property.name="random"]',
      'MemberExpression[object.name="AbortSignal"][property.name="timeout"]',
      'NewExpression[callee.name="Date"][arguments.length=0]',
      'CallExpression[callee.name="setTimeout"]',
      'CallExpression[callee.name="setInterval"]',
    ]),
    "no-private": forbid("private members are #fields", [
      'PropertyDefinition[accessibility="private"]',
      'MethodDefinition[accessibility="private"]',
    ]),
    "no-enum": forbid("use a union of string literals", ["TSEnumDeclaration"]),
    "function-declarations": forbid("a function at the top level is a declaration", [
      "Program > VariableDeclaration > VariableDeclarator > ArrowFunctionExpression",
      "Program > ExportNamedDeclaration > VariableDeclaration > VariableDeclarator > ArrowFunctionExpression",
    ]),
    "no-global-state": forbid("nothing that changes lives in a module", [
      'Program > VariableDeclaration[kind="let"]',
      'Program > ExportNamedDeclaration > VariableDeclaration[kind="let"]',
    ]),
  },
};

function forbid(message: string, selectors: readonly string[]): Deno.lint.Rule {
  return {
    create: (context) => {
      const report = (node: Deno.lint.Node): void => context.report({ node, message });
      return Object.fromEntries(selectors.map((selector) => [selector, report]));
    },
  };
}

function isNamedAfterExport(name: string, text: string): boolean {
  const exported = [...text.matchAll(EXPORT_REGEXP)].map(([, symbol]) =>
    symbol!.replaceAll("_", "").toLowerCase()
  );
  // Loosely: `state_lock.ts` exports lockState, and a noun such as `ports.ts` stands for what it holds.
  const words = name.split("_");
  return words.length === 1 ||
    words.some((word) => exported.some((symbol) => symbol.includes(word.slice(0, 5))));
}
