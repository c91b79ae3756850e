import assert from "node:assert/strict";
import type { CliResult } from "./run_cli.ts";

/** How a command must end when it cannot do what it was asked. */
export interface Refusal {
  /** Exit code. */
  code: number;
  /** What the message must hold. */
  message: RegExp;
  /** What the hint must hold. */
  hint: RegExp;
}

/**
 * Asserts that a command failed as it should: nothing on stdout, and on stderr one message and one hint, without a stack
 * trace or anything a terminal would obey.
 *
 * @param result What came of the command.
 * @param expected How it must end.
 */
export function assertRefused({ code, stdout, stderr }: CliResult, expected: Refusal): void {
  assert.equal(code, expected.code, stderr);
  assert.equal(stdout, "");
  const errors = stderr.split("\n").filter((line) => line.startsWith("error: "));
  const hints = stderr.split("\n").filter((line) => line.startsWith("hint: "));
  assert.equal(errors.length, 1, stderr);
  assert.match(errors[0]!, expected.message);
  assert.equal(hints.length, 1, stderr);
  assert.match(hints[0]!, expected.hint);
  assert.doesNotMatch(stderr, /^ +at |file:\/\/|This is a bug/m);
  assert.doesNotMatch(stderr.replaceAll("\n", ""), /\p{Cc}/u);
}
