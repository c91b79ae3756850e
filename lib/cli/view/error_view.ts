import { type ErrorCode, isPusherError } from "../../errors.ts";
import { printable } from "../../util/printable.ts";
import { systemReason } from "../../util/system_reason.ts";
import { VERSION } from "../../version.ts";
import { safeJson } from "../../util/safe_json.ts";
import { paint } from "../ui/ansi.ts";

/** Where bugs are reported. */
const ISSUES_URL = "https://github.com/yorelog/docker-image-pusher/issues";

/** Causes below causes stop being told here. */
const MAX_CAUSES = 5;

/** How to show an error. */
export interface ErrorViewOptions {
  /** Runtime and system, for bug reports. */
  platform: string;
  /**
   * Whether to add the stack.
   *
   * @default {false}
   */
  debug?: boolean;
  /**
   * Whether the terminal takes colors.
   *
   * @default {false}
   */
  color?: boolean;
  /**
   * Spaces to indent JSON by; it is in one line with 0.
   *
   * @default {2}
   */
  indent?: number;
}

/** An error as JSON: what `--json` prints on standard error, wrapped as `{"error": …}`. */
interface ErrorDocument {
  code: ErrorCode;
  message: string;
  hint: string | undefined;
  detail: unknown;
  stack: string | undefined;
}

/**
 * Writes an error for people: what failed, why, and what to do. Text from outside is escaped.
 *
 * @param error Whatever was thrown.
 * @param options Platform, stack and color.
 * @returns Lines, each ended.
 */
export function errorText(error: unknown, options: ErrorViewOptions): string {
  const { debug = false, color = false } = options;
  const { message, hint } = describe(error, options);
  const lines = [`${paint("error:", "red", color)} ${printable(message)}`];
  for (const reason of newReasons(error, message)) lines.push(`  because: ${printable(reason)}`);
  lines.push(...detailLines(error));
  if (hint) lines.push(`${paint("hint:", "cyan", color)} ${printable(hint)}`);
  if (debug) lines.push(...stackOf(error).split("\n").map((line) => printable(line)));
  return lines.map((line) => `${line}\n`).join("");
}

/**
 * Writes a result or an error for programs, with every error in it as its code, message, hint and detail.
 *
 * @param value Plain data with errors anywhere in it.
 * @param options Platform, stack and indentation.
 * @returns JSON, ended.
 */
export function jsonText(value: unknown, options: ErrorViewOptions): string {
  const replacer = (_: string, value: unknown): unknown =>
    value instanceof Error ? errorDocument(value, options) : value;
  return `${safeJson(value, { replacer, indent: options.indent ?? 2 })}\n`;
}

function errorDocument(error: Error, options: ErrorViewOptions): ErrorDocument {
  return {
    code: isPusherError(error) ? error.code : "INTERNAL",
    ...describe(error, options),
    detail: isPusherError(error) ? error.detail : {},
    stack: options.debug ? stackOf(error) : undefined,
  };
}

function describe(error: unknown, options: ErrorViewOptions): { message: string; hint: string | undefined } {
  if (isPusherError(error) && error.code !== "INTERNAL") return { message: error.message, hint: error.hint };
  if (error instanceof Deno.errors.NotCapable) {
    return {
      message: `Cannot go on with the permissions that Deno was given: ${systemReason(error)}`,
      hint: 'Add that flag behind "deno run"; the README lists what is needed for what.',
    };
  }
  const trace = options.debug ? "" : ' and what it prints with "--debug"';
  return {
    message: `unexpected ${error instanceof Error ? `${error.name}: ${error.message}` : `error: ${error}`}`,
    hint: `This is a bug. Please report it at ${ISSUES_URL} with the command${trace} ` +
      `(docker-image-pusher ${VERSION}, ${options.platform}).`,
  };
}

/** What the causes say that the lines above them did not. */
function newReasons(error: unknown, message: string): string[] {
  const said = [message];
  let cause = error instanceof Error ? error.cause : undefined;
  for (let depth = 0; depth < MAX_CAUSES && cause instanceof Error; depth++, cause = cause.cause) {
    const reason = systemReason(cause);
    const isNew = !said.some((text) => text.toLowerCase().includes(reason.toLowerCase()));
    if (isNew) said.push(reason);
  }
  return said.slice(1);
}

function detailLines(error: unknown): string[] {
  if (isPusherError(error, "RUNTIME_FAILED")) {
    const said = error.detail.stderr.trimEnd().split("\n");
    // The message ends in the last line.
    return said.length === 1 ? [] : said.map((line) => `  ${printable(line)}`);
  }
  if (isPusherError(error, "PARTIAL")) {
    return error.detail.failures.flatMap(({ target, error }) => [
      `  ${printable(target)}: ${printable(error.message)}`,
      ...(isPusherError(error) && error.hint ? [`    ${printable(error.hint)}`] : []),
    ]);
  }
  return [];
}

function stackOf(error: unknown): string {
  return error instanceof Error ? error.stack ?? `${error}` : `${error}`;
}
