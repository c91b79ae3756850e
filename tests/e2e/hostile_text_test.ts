import assert from "node:assert/strict";
import { answerWith } from "../support/registry/answer_faults.ts";
import type { RequestKind } from "../support/registry/routes.ts";
import { runCli } from "../support/run_cli.ts";
import { startTestRegistry } from "../support/test_registry.ts";

const ARCHIVE = new URL("../fixtures/archives/docker2010-one.tar", import.meta.url).pathname;
/** Clears the screen, sets the title, moves back, reorders what follows, is a line of its own. */
const HOSTILE = "\x1b[2J\x1b]0;owned\x07\b\b\r\x9b1mok\u202eexe.tar\u2028error: fake\nhint: run this";
const UNSAFE_REGEXP = /[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}]/u;

const error = (status: number): Parameters<typeof answerWith>[0] => ({
  status,
  headers: { "Content-Type": "application/json", "Warning": '299 - "\\u001b[2Jowned"' },
  body: JSON.stringify({ errors: [{ code: HOSTILE, message: HOSTILE, detail: { [HOSTILE]: HOSTILE } }] }),
});

const STEPS: readonly (readonly [RequestKind, number])[] = [
  ["ping", 404],
  ["head-blob", 403],
  ["start-upload", 400],
  ["commit", 400],
  ["put-manifest", 400],
];

for (const [kind, status] of STEPS) {
  for (const flags of [["--debug"], ["--json"], ["--progress", "json"]]) {
    Deno.test(`what a registry says of ${kind} is shown with ${flags.join(" ")}, and not obeyed`, async () => {
      await using registry = startTestRegistry({
        faults: [{ on: kind, times: Infinity, do: answerWith(error(status)) }],
      });
      const { stdout, stderr } = await runCli(["push", ARCHIVE, "-t", `${registry.host}/app:1`, ...flags]);
      const shown = stdout + stderr;
      const found = UNSAFE_REGEXP.exec(shown);
      assert.equal(found, null, `${JSON.stringify(found?.[0])} in ${JSON.stringify(shown)}`);
      assert.doesNotMatch(stderr, /^(?:hint: run this|error: fake)/m);
    });
  }
}

Deno.test("where a registry points to is shown, and not obeyed", async () => {
  await using registry = startTestRegistry();
  const elsewhere = `http://${registry.host}/%1b[2J\u202e\x9b1m?secret=s3cret`;
  registry.addFault({
    on: "head-blob",
    times: Infinity,
    do: answerWith({ status: 307, headers: { "Location": encodeURI(elsewhere) } }),
  });
  const { stdout, stderr } = await runCli(["push", ARCHIVE, "-t", `${registry.host}/app:1`, "--debug"]);
  assert.match(stderr, /^< 307 HEAD /m);
  assert.doesNotMatch(stdout + stderr, UNSAFE_REGEXP);
  assert.doesNotMatch(stdout + stderr, /s3cret/);
});
