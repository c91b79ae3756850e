import assert from "node:assert/strict";
import { describeProgram } from "../../lib/cli/app.ts";
import { exitCodeOf } from "../../lib/cli/exit_codes.ts";
import type { CommandDescription } from "../../lib/cli/tree/describe_command.ts";
import { type ErrorCode, PusherError } from "../../lib/errors.ts";
import { FakeHost } from "../unit/cli/fake_host.ts";

const PROJECT = new URL("../../", import.meta.url);
const PAGES =
  "architecture ci config copy library measurements pull push registries scripts serve state verify";
const DOCUMENTS = [
  "README.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  ...PAGES.split(" ").map((page) => `docs/${page}.md`),
];

/** Options of deno, npm, docker, other tools and the scripts that the documents mention. */
const OPTIONS_OF_OTHERS =
  /^--(?:allow-\w+|global|name|config|output|doc|from|prefix|uninstall|rm|build-arg|size|runs|large|only|preserve-digests)$/;

async function read(document: string): Promise<string> {
  return await Deno.readTextFile(new URL(document, PROJECT));
}

Deno.test("the documents mention no option that no command has", async () => {
  const optionsOf = ({ options, commands }: CommandDescription): string[] => [
    ...options.map(({ long }) => long),
    ...commands.flatMap(optionsOf),
  ];
  const shown = optionsOf(describeProgram(new FakeHost()));
  // Whatever can be turned off can be turned on again, without a line of its own in the help.
  const known = new Set([...shown, ...shown.map((option) => option.replace(/^--no-/, "--"))]);
  for (const document of DOCUMENTS) {
    const mentioned = new Set((await read(document)).match(/(?<![\w-])--[a-z][a-z-]*/g));
    const unknown = [...mentioned].filter((option) => !known.has(option) && !OPTIONS_OF_OTHERS.test(option));
    assert.deepEqual(unknown, [], document);
  }
});

Deno.test("the page on scripts lists the exit codes there are", async () => {
  const listed = [...(await read("docs/scripts.md")).matchAll(/^\| (\d+) +\| /gm)].map(([, code]) =>
    Number(code)
  );
  const codes: ErrorCode[] = [
    "USAGE",
    "ARCHIVE_CORRUPT",
    "AUTH_DENIED",
    "NETWORK",
    "REGISTRY_REJECTED",
    "DIGEST_MISMATCH",
    "STATE_LOCKED",
    "PARTIAL",
    "INTERNAL",
    "CANCELED",
  ];
  const used = codes.map((code) => exitCodeOf(new PusherError(code, "", { detail: {} as never })));
  assert.deepEqual(listed, [0, ...used]);
});

Deno.test("the documents link to files that exist", async () => {
  for (const document of DOCUMENTS) {
    for (const [, target = ""] of (await read(document)).matchAll(/\]\((?!https:)([^)#]+)/g)) {
      await Deno.stat(new URL(target, new URL(document, PROJECT)));
    }
  }
});
