import assert from "node:assert/strict";
import { runCli } from "../../lib/cli/app.ts";
import { makeTempDir, type TempDir } from "../support/temp_dir.ts";
import { testWith } from "../support/real_parts.ts";
import { FakeHost } from "../unit/cli/fake_host.ts";

/** Lines that are typed, and what each shell offers then. */
const OFFERS: readonly (readonly [line: string, offers: readonly string[]])[] = [
  ["p", ["pull", "push"]],
  ["push --no-r", ["--no-resume"]],
  ["--progress ", ["auto", "tty", "plain", "json", "none"]],
  ["push app.tar --progress=p", ["plain"]],
  ["push ", ["app.tar", "b.tgz", "my image.tar.gz", "sub"]],
  ["inspect a", ["app.tar"]],
  ["push app.tar -t s", ["s.example/web:2"]],
  ["push app.tar -t r.example:50", ["r.example:5000/team/app:1"]],
  ["push app.tar --target=r.example:50", ["r.example:5000/team/app:1"]],
  ["push app.tar --registry ", ["r.example:5000", "s.example"]],
  ["--json save ", ["nginx:1.27", "redis:7"]],
  ["save nginx:1.27 --runtime p", ["podman"]],
  ["--state-dir push login ", ["r.example:5000", "s.example"]],
  ["completions ", ["bash", "zsh", "fish", "powershell"]],
  ["help log", ["login", "logout"]],
];

/** Stands in for the command where it is asked for values; prints its arguments otherwise. */
const PROGRAM = `#!/bin/sh
case "$1 $2" in
  "__complete targets") printf '%s\\n' r.example:5000/team/app:1 s.example/web:2 ;;
  "__complete registries") printf '%s\\n' r.example:5000 s.example ;;
  "__complete images") printf '%s\\n' nginx:1.27 redis:7 ;;
  __complete*) exit 1 ;;
  *) echo "called with: $*" ;;
esac
`;

async function scriptFor(shell: string): Promise<string> {
  const host = new FakeHost();
  assert.equal(await runCli(["completions", shell], host), 0, host.stderr.text);
  return host.stdout.text;
}

/** A directory with files to complete, the script of a shell, and a program to ask. */
async function makeStage(shell: string): Promise<TempDir> {
  const dir = await makeTempDir();
  await Deno.mkdir(dir.join("bin"));
  await Deno.writeTextFile(dir.join("bin/docker-image-pusher"), PROGRAM, { mode: 0o755 });
  await Deno.mkdir(dir.join("work/sub"), { recursive: true });
  for (const name of ["app.tar", "b.tgz", "my image.tar.gz", "notes.txt"]) {
    await Deno.writeTextFile(dir.join(`work/${name}`), "");
  }
  await Deno.writeTextFile(dir.join("script"), await scriptFor(shell));
  return dir;
}

/** What a program prints that is run in the stage, on standard output and error. */
async function outputOf(
  dir: TempDir,
  [program = "", ...args]: readonly string[],
  stdin = "",
): Promise<string> {
  const child = new Deno.Command(program, {
    args,
    cwd: dir.join("work"),
    clearEnv: true,
    env: {
      PATH: `${dir.join("bin")}:${Deno.env.get("PATH")}`,
      HOME: dir.path,
      LANG: "C.UTF-8",
      TERM: "dumb",
    },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(stdin));
  await writer.close();
  const { stdout, stderr } = await child.output();
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

/** Splits a line as readline does, and asks the function for its offers; one line each. */
const BASH = `
ask() {
  local at char word=""
  COMP_WORDS=()
  for ((at = 0; at < \${#1}; at++)); do
    char=\${1:at:1}
    case $char in
      ' ') [[ -n $word ]] && COMP_WORDS+=("$word"); word="" ;;
      [:=]) [[ -n $word ]] && COMP_WORDS+=("$word"); COMP_WORDS+=("$char"); word="" ;;
      *) word+=$char ;;
    esac
  done
  COMP_WORDS+=("$word")
  COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
  _docker_image_pusher
  printf '== %s\\n' "$1"
  ((\${#COMPREPLY[@]} == 0)) || printf '%s\\n' "\${COMPREPLY[@]}"
}
`;

testWith(["bash"], "bash completes commands, options, values, archives and what is known", async () => {
  await using dir = await makeStage("bash");
  const asks = OFFERS.map(([line]) => `ask 'docker-image-pusher ${line}'`).join("\n");
  const script = `set -u\nsource ../script\n${BASH}\n${asks}\n`;
  const answers = (await outputOf(dir, ["bash", "--norc", "-c", script])).split(/^== .*\n/m).slice(1);
  for (const [at, [line, offers]] of OFFERS.entries()) {
    const found = answers[at]!.trimEnd().split("\n").filter((offer) => !offer.includes("compopt"));
    // Readline has what is before the last colon or equals sign already.
    const before = /\S*[:=]/.exec(line.split(" ").at(-1)!)?.[0].replace(/^--\w+=/, "") ?? "";
    assert.deepEqual(found.sort(), offers.map((offer) => offer.replace(before, "")).sort(), line);
  }
});

testWith(["bash", "terminal"], "bash inserts what is completed where there are colons", async () => {
  await using dir = await makeStage("bash");
  const typed = "source ../script\ndocker-image-pusher push app.tar -t r.example:50\t\nexit\n";
  const output = await outputOf(dir, ["script", "-qec", "bash --norc --noprofile -i", "/dev/null"], typed);
  assert.match(output, /^called with: push app\.tar -t r\.example:5000\/team\/app:1\r?$/m);
});

testWith(["fish"], "fish completes commands, options, values, archives and what is known", async () => {
  await using dir = await makeStage("fish");
  const asks = OFFERS.map(([line]) => `echo '== '; complete -C 'docker-image-pusher ${line}'`).join("\n");
  const script = `source ../script\n${asks}\n`;
  const answers = (await outputOf(dir, ["fish", "--no-config", "-c", script])).split(/^== \n/m).slice(1);
  for (const [at, [line, offers]] of OFFERS.entries()) {
    const found = answers[at]!.trimEnd().split("\n").map((offer) =>
      offer.split("\t")[0]!.replace(/^--\w+=/, "").replace(/\/$/, "")
    );
    // By its own convention, fish lists files of other names, too, behind the archives.
    const others = found.filter((offer) => offer !== "notes.txt");
    assert.deepEqual(others.sort(), [...offers].sort(), line);
  }
  assert.match(answers[0]!, /^push\tupload the images/m);
  assert.match(answers[1]!, /^--no-resume\tstart uploads over/m);
});

/** Types lines and a key that lists the choices; what is typed ahead would keep zsh from listing. */
const ZSH = `
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z 'autoload -Uz compinit; compinit -u -D; source ../script; PS1=; LISTMAX=0; setopt no_beep'
zpty -w z 'show() { zle list-choices; zle -R; print LIS""TED }; zle -N show; bindkey "^I" show'
zpty -w z 'stty -echo; print REA""DY'
zpty -r z out '*READY*'
for line; do
  zpty -w -n z "$line"$'\\t'
  zpty -r z out '*LISTED*'
  print -r -- "$out"
  print -r -- "== "
  zpty -w -n z $'\\x15'
done
`;

testWith(["zsh"], "zsh completes commands, options, values, archives and what is known", async () => {
  await using dir = await makeStage("zsh");
  const lines = OFFERS.map(([line]) => `docker-image-pusher ${line}`);
  const answers = (await outputOf(dir, ["timeout", "60", "zsh", "-f", "-c", ZSH, "zsh", ...lines])).split(
    "== ",
  );
  for (const [at, [line, offers]] of OFFERS.entries()) {
    const shown = answers[at]!;
    for (const offer of offers) assert(shown.includes(offer.replace(" ", "\\ ")), `${line}: ${shown}`);
    for (const other of ["notes.txt", "logout", "redis:7", "powershell", "s.example/web:2"]) {
      if (!offers.includes(other)) assert(!shown.includes(other), `${line}: ${shown}`);
    }
  }
  assert.match(answers[0]!, /push +-- upload the images of archives/);
  assert.match(answers[1]!, /--no-resume +-- start uploads over/);
});

// PowerShell itself is not among the programs that tests can have.
Deno.test("the completion script for PowerShell is well formed, and has every command and option", async () => {
  const script = await scriptFor("powershell");
  const bare = script.replace(/^#.*$/gm, "").replace(/'(?:[^']|'')*'|"[^"]*"/g, "");
  for (const [open, close] of ["{}", "()", "[]"].map((pair) => pair.split(""))) {
    assert.equal(bare.split(open!).length, bare.split(close!).length, `${open} ${close}`);
  }
  for (const [, name, body] of script.matchAll(/\$(\w+) = @\{\n([^]*?)\n {4}\}/g)) {
    const keys = [...body!.matchAll(/^ {8}'([^']*)' = @\(/gm)].map(([, key]) => key!.toLowerCase());
    assert(keys.length > 0, name);
    assert.deepEqual(keys, [...new Set(keys)], `keys are the same whatever their case: ${name}`);
  }
  assert.match(script, /'push --progress' = @\(,@\('auto', /);
  assert.match(script, /'push \*' = @\(,@\('<archives>', 'archives'\)\)/);
  assert.match(script, /,@\('--no-resume', 'start uploads over/);
  assert.match(script, /,@\('push', 'upload the images/);
});

Deno.test("__complete prints nothing, and does not fail, where nothing can be found out", async () => {
  await using dir = await makeTempDir();
  await Deno.writeTextFile(dir.join("credentials.json"), "{");
  const host = new FakeHost({ env: { DOCKER_IMAGE_PUSHER_STATE_DIR: dir.path } });
  assert.equal(await runCli(["__complete", "registries"], host), 0);
  assert.deepEqual([host.stdout.text, host.stderr.text], ["", ""]);
});
