import assert from "node:assert/strict";
import { describeProgram, runCli } from "../../../lib/cli/app.ts";
import type { CommandDescription } from "../../../lib/cli/tree/describe_command.ts";
import { VERSION } from "../../../lib/version.ts";
import { FakeHost, type FakeHostOptions } from "./fake_host.ts";

interface Ended {
  exitCode: number;
  stdout: string;
  stderr: string;
}

async function run(args: readonly string[], options: FakeHostOptions = {}): Promise<Ended> {
  const host = new FakeHost(options);
  const exitCode = await runCli(args, host);
  return { exitCode, stdout: host.stdout.text, stderr: host.stderr.text };
}

const HELP = [
  ["--help"],
  ["push", "--help"],
  ["pull", "--help"],
  ["save", "--help"],
  ["inspect", "--help"],
  ["cache", "prune", "--help"],
  ["history", "--help"],
  ["login", "--help"],
  ["logout", "--help"],
  ["completions", "--help"],
];

for (const args of HELP) {
  Deno.test(`runCli() shows help for ${args.join(" ")}`, async (t) => {
    const { exitCode, stdout, stderr } = await run(args);
    assert.equal(exitCode, 0);
    assert.equal(stderr, "");
    await t.assertSnapshot(stdout);
  });

  for (const columns of [66, 80, 200]) {
    Deno.test(`runCli() keeps help for ${args.join(" ")} within 80 of ${columns} columns`, async () => {
      const { stdout } = await run(args, { size: { columns, rows: 24 } });
      assert.match(stdout, /\nExamples?:\n {2}\$ docker-image-pusher /);
      for (const line of stdout.split("\n")) {
        // Examples are to be copied, so they are not wrapped.
        assert(line.length <= (line.startsWith("  $ ") ? 80 : Math.min(columns, 80)), line);
      }
    });
  }
}

Deno.test("runCli() shows help on stderr and exits with 2 when no command is given", async () => {
  const { exitCode, stdout, stderr } = await run([]);
  assert.equal(exitCode, 2);
  assert.equal(stdout, "");
  assert.match(stderr, /^Usage: docker-image-pusher /);
});

Deno.test("runCli() shows help for a command in both ways", async () => {
  assert.deepEqual(await run(["help", "push"]), await run(["push", "-h"]));
});

Deno.test("runCli() paints help on a terminal only", async () => {
  assert(!(await run(["--help"])).stdout.includes("\x1b"));
  assert((await run(["--help"], { isTerminal: true })).stdout.includes("\x1b[1mUsage:"));
  assert(!(await run(["--help"], { isTerminal: true, env: { NO_COLOR: "1" } })).stdout.includes("\x1b"));
});

Deno.test("runCli() shows the version of the package", async () => {
  const { default: { version } } = await import("../../../deno.json", { with: { type: "json" } });
  for (const flag of ["--version", "-V"]) {
    assert.deepEqual(await run([flag]), { exitCode: 0, stdout: `${version}\n`, stderr: "" });
  }
});

Deno.test("runCli() shows what it was built from with --version --json", async () => {
  for (const args of [["--version", "--json"], ["--json", "-V"]]) {
    const { exitCode, stdout } = await run(args);
    assert.equal(exitCode, 0);
    assert.deepEqual(JSON.parse(stdout), {
      version: VERSION,
      commit: null,
      deno: "2.0.0",
      target: "x86_64-unknown-linux-gnu",
    });
  }
});

const WRONG: readonly (readonly [args: string, message: string, hint: string])[] = [
  ["psuh a.tar", "unknown command 'psuh'", "Did you mean push?"],
  ["push a.tar --regsitry r.example", "unknown option '--regsitry'", "Did you mean --registry?"],
  ["push a.tar --statedir x", "unknown option '--statedir'", "Did you mean --state-dir?"],
  [
    "cache prune --all --older-than 2d",
    "option '--older-than <duration>' cannot be used with option '--all'",
    'Run "docker-image-pusher cache prune --help" to see what it takes.',
  ],
  ["push a.tar -x", "unknown option '-x'", 'Run "docker-image-pusher push --help" to see what it takes.'],
  ["push", "missing required argument 'archives'", 'Run "docker-image-pusher push --help"'],
  ["push a.tar -t", "option '-t, --target <reference>' argument missing", "push --help"],
  ["inspect a.tar b.tar", "too many arguments for 'inspect'", "inspect --help"],
  [
    "push a.tar -t r.example/a:1 --registry r.example",
    "'--registry <host/path>' cannot be used with",
    "push",
  ],
  ["push a.tar --password a --password-stdin", "cannot be used with option '--password-stdin'", "push"],
  ["login r.example -p a --password-stdin", "cannot be used with option '--password-stdin'", "login --help"],
  [
    "save a --runtime lxc",
    'Cannot use --runtime "lxc": it is not one of docker, nerdctl, podman',
    "Give one of these.",
  ],
  [
    "push a.tar --progress tyt",
    'Cannot use --progress "tyt": it is not one of auto, tty, plain, json, none',
    "Did you mean tty?",
  ],
  ["push a.tar --format ocu", 'Cannot use --format "ocu": it is not one of docker, oci', "Did you mean oci?"],
  ["completions bsh", 'Cannot use the shell "bsh": it is not one of bash, zsh', "Did you mean bash?"],
  ["push a.tar --compress gzp", 'Cannot use --compress "gzp": it is not none, gzip', "Did you mean gzip?"],
  ["push a.tar --compress gzip:99", 'Cannot use --compress "gzip:99"', "Give gzip"],
  [
    "push a.tar --platform arm64",
    'Cannot use --platform "arm64": it is not a platform',
    "Did you mean linux/arm64?",
  ],
  [
    "push a.tar --concurrency 0",
    'Cannot use --concurrency "0": it is not a whole number from 1 to 64',
    "Give",
  ],
  ["push a.tar --concurrency 1.5", 'Cannot use --concurrency "1.5"', "Give a whole number"],
  ["push a.tar --concurrency 65", 'Cannot use --concurrency "65"', "Give a whole number"],
  ["push a.tar --blob-chunk 1000000", 'Cannot use --blob-chunk "1000000"', "Give a size from 1MiB to 4GiB"],
  ["push a.tar --blob-chunk 5GiB", 'Cannot use --blob-chunk "5GiB"', "Give a size from 1MiB to 4GiB"],
  ["push a.tar --blob-chunk many", 'Cannot use --blob-chunk "many"', "Give a size from 1MiB to 4GiB"],
];

for (const [line, message, hint] of WRONG) {
  Deno.test(`runCli() refuses "${line}" with exit code 2 and says what to do`, async () => {
    const { exitCode, stdout, stderr } = await run(line.split(" "));
    assert.equal(exitCode, 2);
    assert.equal(stdout, "");
    const [first, second, ...rest] = stderr.split("\n");
    assert(first?.startsWith("error: ") && first.includes(message), stderr);
    assert(second?.startsWith("hint: ") && second.includes(hint), stderr);
    assert.deepEqual(rest, [""]);
  });
}

Deno.test("runCli() writes errors as one JSON document with --json, wherever it stands", async () => {
  for (const args of [["--json", "push"], ["push", "--json"], ["push", "--regsitry", "--json"]]) {
    const { exitCode, stdout, stderr } = await run(args);
    assert.equal(exitCode, 2);
    assert.equal(stdout, "");
    assert.equal(JSON.parse(stderr).error.code, "USAGE");
  }
});

Deno.test("runCli() writes errors of every command as JSON with --json", async () => {
  const paths = ({ path, commands }: CommandDescription): (readonly string[])[] => [
    path,
    ...commands.filter(({ path }) => path.at(-1) !== "help").flatMap(paths),
  ];
  for (const path of paths(describeProgram(new FakeHost()))) {
    const { exitCode, stdout, stderr } = await run([...path, "--no-such-option", "--json"]);
    assert.deepEqual([exitCode, stdout, JSON.parse(stderr).error.code], [2, "", "USAGE"], path.join(" "));
  }
});

Deno.test("runCli() writes errors as one line among the events of --progress json", async () => {
  for (const args of [["--progress", "json"], ["--progress=json"], ["--json", "--progress", "json"]]) {
    const { exitCode, stderr } = await run(["inspect", "no-such.tar", ...args]);
    assert.equal(exitCode, 3);
    assert.match(stderr, /^[^\n]+\n$/);
    assert.equal(JSON.parse(stderr).error.code, "ARCHIVE_NOT_FOUND");
  }
});

Deno.test("runCli() escapes what it was given", async () => {
  const { stderr } = await run(["push", "a.tar", "--\x1b[2J"]);
  assert.doesNotMatch(stderr.replaceAll("\n", ""), /\p{Cc}/u);
});

Deno.test("runCli() never prints a password", async () => {
  const line = "push no-such.tar --state-dir no-such --username ann --password hunter2 --debug";
  const { exitCode, stderr } = await run(line.split(" "));
  assert.equal(exitCode, 3);
  assert.match(stderr, /^warning: --password shows/);
  assert(!stderr.includes("hunter2"));
});

Deno.test("runCli() exits with 3 for an archive that does not exist", async () => {
  const { exitCode, stdout, stderr } = await run(["inspect", "no-such.tar"]);
  assert.equal(exitCode, 3);
  assert.equal(stdout, "");
  assert.match(stderr, /^error: Cannot .*no-such\.tar/);
});
