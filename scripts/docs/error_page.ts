import { ERROR_CASES, type ErrorCase, type ShownError } from "../../tests/support/error_cases.ts";

/**
 * Makes the page of errors, by provoking each of them.
 *
 * @returns Markdown.
 */
export async function makeErrorPage(): Promise<string> {
  const rows: string[] = [];
  for (const errorCase of ERROR_CASES) rows.push(errorRow(errorCase, await errorCase.provoke()));
  return [
    "# Errors",
    "",
    "Every failure has a message, a hint what to do, a code for programs (`--json`), and an exit code for scripts. " +
    "`--debug` adds each request and answer, and the stack. Requests that fail for a reason that may pass are " +
    "repeated, five times without progress, before any of this is shown.",
    "",
    "Made by `deno task docs`, which provokes each of these failures against a registry of its own, as a test does " +
    "that compares what is shown with this page.",
    "",
    "| exit code | code | what happened | message | hint |",
    "| --- | --- | --- | --- | --- |",
    ...rows,
    "",
    "In JSON, on standard error:",
    "",
    "```json",
    '{ "error": { "code": "…", "message": "…", "hint": "…", "detail": {} } }',
    "```",
    "",
    "What `detail` holds for each code is in [lib/errors.ts](../lib/errors.ts).",
    "",
  ].join("\n");
}

function errorRow({ what }: ErrorCase, { exitCode, code, message, hint }: ShownError): string {
  return `| ${exitCode} | \`${code}\` | ${cell(what)} | ${cell(message)} | ${cell(hint)} |`;
}

function cell(text: string): string {
  return text.replace(/[|<>*_]/g, "\\$&");
}
