import assert from "node:assert/strict";
import { errorText, jsonText } from "../../../../lib/cli/view/error_view.ts";
import { PusherError } from "../../../../lib/errors.ts";

const OPTIONS = { platform: "deno 2.0.0, linux x86_64" };

function notFound(options: { hint?: string; cause?: unknown } = {}): PusherError<"ARCHIVE_NOT_FOUND"> {
  return new PusherError("ARCHIVE_NOT_FOUND", 'Cannot open "a.tar": no such file', {
    detail: { path: "a.tar" },
    ...options,
  });
}

Deno.test("errorText() says what failed and what to do", () => {
  assert.equal(
    errorText(notFound({ hint: "Check the path." }), OPTIONS),
    'error: Cannot open "a.tar": no such file\nhint: Check the path.\n',
  );
});

Deno.test("errorText() tells causes that add something, and only those", () => {
  const cause = new Deno.errors.NotFound("No such file (os error 2): open 'a.tar'", {
    cause: new Error("The disk is on fire"),
  });
  assert.equal(
    errorText(notFound({ cause }), OPTIONS),
    'error: Cannot open "a.tar": no such file\n  because: the disk is on fire\n',
  );
});

Deno.test("errorText() ends when causes go in circles", () => {
  const cause = new Error("one");
  cause.cause = new Error("two", { cause });
  assert.equal(
    errorText(notFound({ cause }), OPTIONS),
    'error: Cannot open "a.tar": no such file\n  because: one\n  because: two\n',
  );
});

Deno.test("errorText() escapes control characters wherever they come from", () => {
  const evil = "\x1b[2J\u202egnp.exe\r\n";
  const error = new PusherError("RUNTIME_FAILED", `Cannot save ${evil}`, {
    detail: { runtime: "docker", exitCode: 1, stderr: evil },
    hint: evil,
    cause: new Error(`because ${evil}`),
  });
  const text = errorText(error, { ...OPTIONS, debug: true });
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(text, /[\x00-\x09\x0b-\x1f\u202e]/);
  assert.match(text, /\\u\{1b\}\[2J/);
});

Deno.test("errorText() shows what a runtime said, line by line", () => {
  const error = new PusherError("RUNTIME_FAILED", 'Cannot save "app": docker: permission denied', {
    detail: { runtime: "docker", exitCode: 1, stderr: "connecting\npermission denied\n" },
  });
  assert.equal(
    errorText(error, OPTIONS),
    'error: Cannot save "app": docker: permission denied\n  connecting\n  permission denied\n',
  );
});

Deno.test("errorText() does not repeat the one line a runtime said", () => {
  const error = new PusherError("RUNTIME_FAILED", 'Cannot save "app": docker: permission denied', {
    detail: { runtime: "docker", exitCode: 1, stderr: "permission denied\n" },
  });
  assert.equal(errorText(error, OPTIONS), 'error: Cannot save "app": docker: permission denied\n');
});

Deno.test("errorText() lists each failure of several with its own hint", () => {
  const error = new PusherError("PARTIAL", "Cannot push 1 of 2 images", {
    detail: {
      failures: [{ target: "r.example/app:1", error: notFound({ hint: "Check the path." }) }],
      succeeded: 1,
    },
  });
  assert.equal(
    errorText(error, OPTIONS),
    "error: Cannot push 1 of 2 images\n" +
      '  r.example/app:1: Cannot open "a.tar": no such file\n' +
      "    Check the path.\n",
  );
});

Deno.test("errorText() asks for a report of bugs with version and platform, the stack only with debug", () => {
  const bug = new TypeError("x is undefined");
  const text = errorText(bug, OPTIONS);
  assert.match(text, /^error: unexpected TypeError: x is undefined\nhint: This is a bug\./);
  assert.match(text, /https:\/\/\S+\/issues .*docker-image-pusher \d+\.\d+\.\d+, deno 2\.0\.0, linux x86_64/);
  assert.doesNotMatch(text, /error_view_test\.ts/);
  assert.match(errorText(bug, { ...OPTIONS, debug: true }), /at .*error_view_test\.ts/);
});

Deno.test("errorText() takes thrown values that are no errors", () => {
  assert.match(errorText("text", OPTIONS), /^error: unexpected error: text\n/);
});

Deno.test("errorText() paints only where color is wanted", () => {
  const text = errorText(notFound(), { ...OPTIONS, color: true });
  assert(text.startsWith("\x1b[31merror:\x1b[39m "), JSON.stringify(text));
});

Deno.test("jsonText() writes an error as code, message, hint and detail", () => {
  assert.deepEqual(JSON.parse(jsonText({ error: notFound({ hint: "Check the path." }) }, OPTIONS)), {
    error: {
      code: "ARCHIVE_NOT_FOUND",
      message: 'Cannot open "a.tar": no such file',
      hint: "Check the path.",
      detail: { path: "a.tar" },
    },
  });
});

Deno.test("jsonText() writes errors within results and within errors", () => {
  const failures = [{ target: "r.example/app:1", error: notFound() }];
  const error = new PusherError("PARTIAL", "Cannot push 1 of 1 images", {
    detail: { failures, succeeded: 0 },
  });
  const inner = {
    code: "ARCHIVE_NOT_FOUND",
    message: 'Cannot open "a.tar": no such file',
    detail: { path: "a.tar" },
  };
  const expected = [{ target: "r.example/app:1", error: inner }];
  assert.deepEqual(JSON.parse(jsonText({ failures }, OPTIONS)).failures, expected);
  assert.deepEqual(JSON.parse(jsonText({ error }, OPTIONS)).error.detail, {
    failures: expected,
    succeeded: 0,
  });
});

Deno.test("jsonText() calls bugs INTERNAL, with the stack only with debug", () => {
  const { error } = JSON.parse(jsonText({ error: new TypeError("x") }, OPTIONS));
  assert.equal(error.code, "INTERNAL");
  assert.equal(error.stack, undefined);
  const traced = JSON.parse(jsonText({ error: new TypeError("x") }, { ...OPTIONS, debug: true }));
  assert.match(traced.error.stack, /error_view_test\.ts/);
});
