import * as v from "valibot";
import { PusherError } from "../errors.ts";
import { printable } from "../util/printable.ts";
import { systemReason } from "../util/system_reason.ts";
import { type Config, createConfig } from "./config.ts";
import { configSchema } from "./config_schema.ts";

const MAX_FILE_BYTES = 2 ** 20;
/** YAML can repeat what it has said; a short file can become a long one that way. */
const MAX_ALIASES = 100;

/** What the schema calls kinds of values, for people. */
const EXPECTED: Readonly<Record<string, string>> = {
  Array: "a list",
  Object: "settings",
  boolean: "true or false",
  number: "a number",
  string: "text",
};

/**
 * Reads a configuration file.
 *
 * @param path Where it is.
 * @returns Its content.
 * @throws {PusherError} `CONFIG_INVALID`, with the line, if it cannot be read or holds what it should not.
 */
export async function readConfigFile(path: string): Promise<Config> {
  try {
    const { size } = await Deno.stat(path);
    if (size > MAX_FILE_BYTES) throw new Error("it is larger than 1 MiB");
    return await parseConfig(await Deno.readTextFile(path), path);
  } catch (error) {
    throw error instanceof PusherError ? error : invalid(path, systemReason(error));
  }
}

/**
 * Reads the text of a configuration file.
 *
 * @param text YAML 1.2.
 * @param path Where it came from: other paths in it are relative to that.
 * @returns Its content.
 * @throws {PusherError} `CONFIG_INVALID` with the line.
 */
export async function parseConfig(text: string, path: string): Promise<Config> {
  const { isMap, isScalar, isSeq, LineCounter, parseDocument } = await import("yaml");
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  const [fault] = document.errors;
  if (fault) throw invalid(path, fault.message, lineCounter.linePos(fault.pos[0]).line);
  const lineOf = (keys: readonly unknown[]): number => {
    let node: unknown = document.contents;
    let offset = 0;
    for (const key of keys) {
      const pair = isMap(node)
        ? node.items.find((item) => isScalar(item.key) && String(item.key.value) === key)
        : undefined;
      const name = isSeq(node) && typeof key === "number" ? node.items[key] : pair?.key;
      if (isScalar(name) || isMap(name)) offset = name.range?.[0] ?? offset;
      node = pair ? pair.value : name;
    }
    return lineCounter.linePos(offset).line;
  };
  const { output, issues, success } = v.safeParse(configSchema, plainValue(document, path) ?? {});
  if (!success) {
    const [issue] = issues;
    const line = lineOf(issue.path?.map(({ key }) => key) ?? []);
    throw badSetting(issue, path, line);
  }
  return createConfig(output, path, lineOf);
}

function plainValue(document: { toJS(options: { maxAliasCount: number }): unknown }, path: string): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (error) {
    throw invalid(path, error instanceof Error ? error.message : String(error));
  }
}

function badSetting(issue: v.BaseIssue<unknown>, path: string, line: number): PusherError {
  const place = issue.path?.at(-1);
  if (!place) return invalid(path, "it is not a list of settings", line);
  const name = issue.path!.map(({ key }) => key).filter((key) => typeof key !== "number").join(".");
  if (issue.type === "strict_object" && issue.expected === "never") {
    return invalid(path, `"${name}" is not a setting`, line);
  }
  if (place.value === undefined) return invalid(path, `"${name}" is missing`, line);
  const fault = issue.message.startsWith("is ")
    ? issue.message
    : `must be ${describeExpected(issue.expected)}`;
  if (place.origin === "key") return invalid(path, `"${name}" ${fault}`, line);
  const message = `Cannot use ${
    describeValue(place.value)
  } for ${name} in "${path}", line ${line}: it ${fault}`;
  return configError(message, path, line);
}

function describeValue(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" && value !== null ? "settings" : JSON.stringify(value);
}

function describeExpected(expected: string | null): string {
  const known = expected === null ? undefined : EXPECTED[expected];
  return known ?? `one of ${expected?.replace(/^\(|\)$/g, "").replaceAll(" | ", ", ")}`;
}

function invalid(path: string, reason: string, line?: number): PusherError {
  const where = line === undefined ? "" : `line ${line}: `;
  return configError(`Cannot read "${path}": ${where}${reason}`, path, line);
}

function configError(message: string, path: string, line: number | undefined): PusherError {
  return new PusherError("CONFIG_INVALID", printable(message), {
    detail: { path, ...(line === undefined ? {} : { line }) },
    hint: "docs/config.md lists the settings, with an example.",
  });
}
