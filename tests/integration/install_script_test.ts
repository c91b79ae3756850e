import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { type PackageFile, textFile } from "../../scripts/release/package_file.ts";
import { selfExtracting } from "../../scripts/release/self_extracting.ts";
import { tarGz } from "../../scripts/release/tar_gz.ts";
import { fileNames } from "../support/file_names.ts";
import { testWith } from "../support/real_parts.ts";
import { makeTempDir, type TempDir } from "../support/temp_dir.ts";

const INSTALL = new URL("../../scripts/install.sh", import.meta.url).pathname;
const SCRIPTS = ["install.sh", "release/launcher.sh", "release/run_header.sh"];
const DIRECTORY = "docker-image-pusher-linux-x86_64";

/** A package whose program says what it was given, and ends with 7 or by a signal. */
const PROGRAM = `#!/bin/sh
[ "$1" != --version ] || { echo 0.0.7; exit 0; }
[ "$1" != wait ] || { echo "pid $$"; exec sleep 60; }
printf '<%s>' "$0" "$@"
exit 7
`;

interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

async function fakePackage(shared: readonly string[] = []): Promise<Uint8Array> {
  const files: PackageFile[] = shared.map((name) => textFile(`${DIRECTORY}/share/${name}`, name));
  files.push({ ...textFile(`${DIRECTORY}/docker-image-pusher`, PROGRAM), isExecutable: true });
  return await tarGz(files, 1e9);
}

/** A directory that holds what a release holds. */
async function release(dir: TempDir, shared: readonly string[] = []): Promise<string> {
  const archive = await fakePackage(shared);
  await Deno.mkdir(dir.join("a release"), { recursive: true });
  await Deno.writeFile(dir.join(`a release/${DIRECTORY}.tar.gz`), archive);
  const sum = createHash("sha256").update(archive).digest("hex");
  await Deno.writeTextFile(dir.join("a release/SHA256SUMS"), `${sum}  ${DIRECTORY}.tar.gz\n`);
  return dir.join("a release");
}

async function run(program: string, args: readonly string[], env: Record<string, string>): Promise<Ran> {
  const command = new Deno.Command(program, {
    args: [...args],
    clearEnv: true,
    env: { PATH: "/usr/bin:/bin", ...env },
  });
  const { code, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

testWith(["shellcheck"], "the scripts of a release are clean", async () => {
  const paths = SCRIPTS.map((name) => new URL(`../../scripts/${name}`, import.meta.url).pathname);
  const { code, stdout } = await run("shellcheck", paths, {});
  assert.equal(code, 0, stdout);
});

testWith(["gzip"], "install.sh installs from a directory, again, and removes it", async () => {
  await using dir = await makeTempDir();
  const env = { HOME: dir.join("home") };
  const from = ["--from", await release(dir), "--platform", "linux-x86_64"];
  for (let time = 1; time <= 2; time++) {
    const installed = await run(INSTALL, from, env);
    assert.equal(installed.code, 0, installed.stderr);
    assert.match(installed.stdout, /^Installed docker-image-pusher 0\.0\.7 as .*\n.* to PATH/);
  }
  const ran = await run(dir.join("home/.local/bin/docker-image-pusher"), ["a b"], env);
  assert.deepEqual([ran.code, ran.stdout.endsWith("<a b>")], [7, true]);
  assert.equal((await run(INSTALL, ["--uninstall"], env)).code, 0);
  for (const part of ["bin", "lib"]) {
    assert.deepEqual(await Array.fromAsync(Deno.readDir(dir.join(`home/.local/${part}`))), []);
  }
  const again = await run(INSTALL, ["--uninstall"], env);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /it is not installed/);
});

testWith(["gzip"], "install.sh links pages and completions, and removes its own only", async () => {
  await using dir = await makeTempDir();
  const [page, old, bash] = ["man/man1/pusher.1", "man/man1/old.1", "bash-completion/completions/pusher"];
  const share = dir.join("home/.local/share");
  const install = async (shared: readonly string[]) => {
    const from = await release(dir, shared);
    const args = ["--from", from, "--platform", "linux-x86_64"];
    const { code, stderr } = await run(INSTALL, args, { HOME: dir.join("home") });
    assert.equal(code, 0, stderr);
  };
  await Deno.mkdir(`${share}/bash-completion/completions`, { recursive: true });
  await Deno.writeTextFile(`${share}/${bash}`, "of somebody else");
  await install([page, old, bash, "powershell/pusher.ps1"]);
  assert.equal(await Deno.readTextFile(`${share}/${page}`), page);
  assert.equal(await Deno.readTextFile(`${share}/${old}`), old);
  await assert.rejects(Deno.stat(`${share}/powershell`), Deno.errors.NotFound);
  await install([page, bash]);
  await assert.rejects(Deno.lstat(`${share}/${old}`), Deno.errors.NotFound);
  assert.equal(await Deno.readTextFile(`${share}/${page}`), page);
  assert.equal((await run(INSTALL, ["--uninstall"], { HOME: dir.join("home") })).code, 0);
  assert.deepEqual(await Array.fromAsync(Deno.readDir(`${share}/man/man1`)), []);
  assert.equal(await Deno.readTextFile(`${share}/${bash}`), "of somebody else");
});

/** What install.sh runs, other than the shell itself. */
const TOOLS = ["awk", "cut", "gzip", "ln", "mkdir", "mktemp", "mv", "rm", "sha256sum", "tar"];

for (const tool of ["curl", "wget"] as const) {
  testWith(["gzip", tool], `install.sh installs from a mirror with ${tool}`, async () => {
    await using dir = await makeTempDir();
    const from = await release(dir);
    await Deno.mkdir(dir.join("bin"));
    for (const name of [...TOOLS, tool]) await Deno.symlink(`/usr/bin/${name}`, dir.join(`bin/${name}`));
    const asked: string[] = [];
    await using mirror = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      async ({ url }) => {
        const { pathname } = new URL(url);
        asked.push(pathname);
        const file = await Deno.readFile(`${from}/${pathname.replace("/mirror/v0.0.7/", "")}`).catch(
          () => {},
        );
        return file ? new Response(file) : new Response("not here", { status: 404 });
      },
    );
    const address = `http://127.0.0.1:${mirror.addr.port}/mirror/v0.0.7/`;
    const env = { HOME: dir.join("home"), PATH: dir.join("bin") };
    const install = (platform: string) =>
      run("/bin/sh", [INSTALL, "--from", address, "--platform", platform], env);
    const missing = await install("macos-aarch64");
    assert.deepEqual([missing.code, /Cannot get .* from "http:/.test(missing.stderr)], [1, true]);
    assert.deepEqual(await Array.fromAsync(Deno.readDir(dir.join("home/.local/bin"))), []);
    const installed = await install("linux-x86_64");
    assert.equal(installed.code, 0, installed.stderr);
    assert.match(installed.stdout, /^Installed docker-image-pusher 0\.0\.7 as /);
    assert.deepEqual(asked.slice(1).map((path) => path.replace("/mirror/v0.0.7/", "")), [
      `${DIRECTORY}.tar.gz`,
      "SHA256SUMS",
    ]);
  });
}

testWith(["gzip"], "install.sh installs a file into a prefix, by the checksum it is given", async () => {
  await using dir = await makeTempDir();
  const file = `${await release(dir)}/${DIRECTORY}.tar.gz`;
  const sum = createHash("sha256").update(await Deno.readFile(file)).digest("hex");
  const prefix = dir.join("opt/some where");
  const args = ["--from", file, "--prefix", prefix, "--sha256"];
  const refused = await run(INSTALL, [...args, sum.replace(/^./, "z")], {});
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /its checksum is/);
  assert.deepEqual(await Array.fromAsync(Deno.readDir(`${prefix}/lib`)), []);
  const installed = await run(INSTALL, [...args, sum], { PATH: `/usr/bin:/bin:${prefix}/bin` });
  assert.equal(installed.code, 0, installed.stderr);
  assert.doesNotMatch(installed.stdout, /PATH/);
});

testWith(["gzip"], "install.sh installs nothing that is damaged, unlisted or missing", async () => {
  await using dir = await makeTempDir();
  const from = await release(dir);
  const env = { HOME: dir.path };
  const args = ["--from", from, "--platform"];
  const missing = await run(INSTALL, [...args, "linux-aarch64"], env);
  assert.deepEqual([missing.code, /Cannot get/.test(missing.stderr)], [1, true]);
  await Deno.writeTextFile(`${from}/SHA256SUMS`, "");
  const unlisted = await run(INSTALL, [...args, "linux-x86_64"], env);
  assert.deepEqual([unlisted.code, /does not list it/.test(unlisted.stderr)], [1, true]);
  await Deno.writeTextFile(`${from}/SHA256SUMS`, `${"0".repeat(64)}  ${DIRECTORY}.tar.gz\n`);
  const damaged = await run(INSTALL, [...args, "linux-x86_64"], env);
  assert.deepEqual([damaged.code, /its checksum is/.test(damaged.stderr)], [1, true]);
  assert.equal((await run(INSTALL, ["--prefix"], env)).code, 1);
});

async function selfExtractingFile(dir: TempDir): Promise<string> {
  const path = dir.join("pusher.run");
  const shared = Array.from({ length: 20 }, (_, nth) => `doc/${nth}`);
  const program = await selfExtracting(await fakePackage(shared), { version: "0.0.7", directory: DIRECTORY });
  await Deno.writeFile(path, program, { mode: 0o755 });
  return path;
}

testWith(["gzip"], "a file that unpacks itself does so once, also when several start", async () => {
  await using dir = await makeTempDir();
  const path = await selfExtractingFile(dir);
  for (const round of Array(5).keys()) {
    const cache = dir.join(`cache ${round}`);
    const env = { HOME: dir.path, XDG_CACHE_HOME: cache };
    const runs = await Promise.all(Array.from({ length: 8 }, () => run(path, ["a b", "", "$c"], env)));
    for (const { code, stdout, stderr } of runs) {
      assert.deepEqual([code, stderr], [7, ""]);
      assert.match(stdout, /^<.*\/cache \d\/docker-image-pusher\/0\.0\.7-[0-9a-f]{12}\/.*><a b><><\$c>$/);
    }
    const unpacked = await fileNames(`${cache}/docker-image-pusher`);
    assert.equal(unpacked.length, 1, unpacked.join());
    const inside = await fileNames(`${cache}/docker-image-pusher/${unpacked[0]}`);
    assert.deepEqual(inside, ["docker-image-pusher", "share"]);
  }
});

testWith(
  ["gzip"],
  "a file that unpacks itself takes a temporary directory where there is no cache",
  async () => {
    await using dir = await makeTempDir();
    const path = await selfExtractingFile(dir);
    await Deno.writeTextFile(dir.join("no_directory"), "");
    await Deno.mkdir(dir.join("tmp"));
    const env = { XDG_CACHE_HOME: dir.join("no_directory"), TMPDIR: dir.join("tmp") };
    const { stdout, code } = await run(path, ["x"], env);
    assert.deepEqual([code, stdout.startsWith(`<${dir.join("tmp")}/docker-image-pusher-`)], [7, true]);
  },
);

testWith(["gzip"], "a file that unpacks itself refuses to run when it is damaged", async () => {
  await using dir = await makeTempDir();
  const path = await selfExtractingFile(dir);
  const bytes = await Deno.readFile(path);
  bytes[bytes.length - 9]! ^= 1;
  await Deno.writeFile(path, bytes);
  const { code, stderr } = await run(path, ["x"], { XDG_CACHE_HOME: dir.join("cache") });
  assert.deepEqual([code, /the file is damaged/.test(stderr)], [70, true]);
  const left = await Array.fromAsync(Deno.readDir(dir.join("cache/docker-image-pusher")));
  assert.deepEqual(left, []);
});

testWith(["gzip"], "a file that unpacks itself is the program afterwards, for signals too", async () => {
  await using dir = await makeTempDir();
  const path = await selfExtractingFile(dir);
  const child = new Deno.Command(path, { args: ["wait"], env: { XDG_CACHE_HOME: dir.path }, stdout: "piped" })
    .spawn();
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  assert.equal(new TextDecoder().decode(value), `pid ${child.pid}\n`);
  child.kill("SIGTERM");
  const { signal } = await child.status;
  assert.equal(signal, "SIGTERM");
  await reader.cancel();
});

/** Copies programs with the libraries they need to where they are in this machine's root. */
async function copyPrograms(names: readonly string[], root: string): Promise<void> {
  const paths = names.map((name) => `/usr/bin/${name}`);
  const { stdout } = await run("ldd", paths, {});
  const libraries = [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, path = ""]) => path);
  for (const path of new Set([...paths, ...libraries])) {
    await Deno.mkdir(`${root}${path.slice(0, path.lastIndexOf("/"))}`, { recursive: true });
    await Deno.copyFile(path, `${root}${path}`);
  }
}

testWith(
  ["gzip", "chroot"],
  "install.sh installs in a root that holds little else, and removes it",
  async () => {
    await using dir = await makeTempDir();
    const root = dir.join("root");
    await copyPrograms(["sh", "cat", "cp", "uname", ...TOOLS], root);
    await Deno.symlink("usr/bin", `${root}/bin`);
    for (const name of ["dev", "tmp"]) await Deno.mkdir(`${root}/${name}`);
    await Deno.writeTextFile(`${root}/dev/null`, "");
    await Deno.copyFile(INSTALL, `${root}/install.sh`);
    await Deno.rename(await release(dir), `${root}/release`);
    const inRoot = (...args: string[]): Promise<Ran> =>
      run("/usr/sbin/chroot", [root, "/usr/bin/sh", ...args], { HOME: "/home/ann", PATH: "/usr/bin" });
    const from = ["--from", "/release", "--platform", "linux-x86_64", "--prefix", "/opt/tools"];
    const installed = await inRoot("/install.sh", ...from);
    assert.equal(installed.code, 0, installed.stderr);
    const ran = await inRoot("-c", 'exec /opt/tools/bin/docker-image-pusher "a b"');
    assert.deepEqual([ran.code, ran.stdout.endsWith("<a b>")], [7, true], ran.stderr);
    assert.equal((await inRoot("/install.sh", "--uninstall", "--prefix", "/opt/tools")).code, 0);
    assert.deepEqual(await Array.fromAsync(Deno.readDir(`${root}/opt/tools/bin`)), []);
    await assert.rejects(Deno.stat(`${root}/home`), Deno.errors.NotFound);
  },
);
