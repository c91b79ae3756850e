import assert from "node:assert/strict";
import { missingForBuild } from "../../scripts/release/build_needs.ts";
import { makePushStage } from "../support/push_stage.ts";
import { testUnless } from "../support/real_parts.ts";
import { makeTempDir, type TempDir } from "../support/temp_dir.ts";
import { startTestRegistry } from "../support/test_registry.ts";

const PROJECT = new URL("../../", import.meta.url);
const SOURCES = ["lib", "scripts", "main.ts", "docs", "deno.json", "deno.lock", "LICENSE"];
const IS_HERE = Deno.build.os === "linux" && Deno.build.arch === "x86_64";
const PLATFORM = "linux-x86_64";
const EPOCH_SECONDS = 1_700_000_000;

/** As a clone of the repository would be. */
async function copySources(dir: string): Promise<void> {
  await Deno.mkdir(dir, { recursive: true });
  const sources = SOURCES.map((name) => new URL(name, PROJECT).pathname);
  await run(["cp", "-r", ...sources, dir]);
}

async function run(command: string[], options: Deno.CommandOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await tryRun(command, options);
  assert.equal(code, 0, stderr);
  return stdout;
}

async function tryRun(
  [program = "", ...args]: string[],
  options: Deno.CommandOptions = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await new Deno.Command(program, { args, ...options }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

function build(dir: string, script: string, args: string[] = [], env: Record<string, string> = {}) {
  const command = [Deno.execPath(), "run", "-A", `scripts/release/${script}.ts`, ...args];
  return tryRun(command, { cwd: dir, env: { SOURCE_DATE_EPOCH: `${EPOCH_SECONDS}`, ...env } });
}

/** What is in the files of a directory. */
async function contents(dir: string): Promise<Map<string, Uint8Array>> {
  const names = (await Array.fromAsync(Deno.readDir(dir))).map(({ name }) => name).sort();
  return new Map(
    await Promise.all(names.map(async (name) => [name, await Deno.readFile(`${dir}/${name}`)] as const)),
  );
}

/** Everything below a directory. */
async function tree(dir: string): Promise<string> {
  return await run(["find", dir, "-printf", "%p %s %T@\n"]);
}

/** The modules that every start loads. */
function modulesOfStart(bundle: ReadonlyMap<string, Uint8Array>): string[] {
  const names = new Set(["main.js"]);
  const sources: string[] = [];
  for (const name of names) {
    const source = new TextDecoder().decode(bundle.get(name));
    for (const [, other] of source.matchAll(/(?:from|import)"\.\/([^"]+)"/g)) names.add(other!);
    sources.push(source);
  }
  return sources;
}

const MISSING = IS_HERE ? await missingForBuild(PLATFORM) : ["Linux on x86_64"];

testUnless(
  MISSING,
  "builds are the same wherever they are made, and run on their own",
  async (t) => {
    await using dir = await makeTempDir();
    const [one, other] = [dir.join("one"), dir.join("some where/other")];
    await Promise.all([copySources(one), copySources(other)]);

    await t.step("bundles of two directories are equal, with their source maps", async () => {
      for (const { code, stderr } of await Promise.all([build(one, "bundle"), build(other, "bundle")])) {
        assert.equal(code, 0, stderr);
      }
      const bundle = await contents(`${one}/dist/bundle`);
      assert.deepEqual(await contents(`${other}/dist/bundle`), bundle);
      assert(bundle.has("main.js") && bundle.has("main.js.map"));
    });

    await t.step("no start loads modules of the runtime, and little of the program", async () => {
      const sources = modulesOfStart(await contents(`${one}/dist/bundle`));
      for (const source of sources) assert.doesNotMatch(source, /(?:from|import)\s*"node:/);
      const sizeBytes = sources.join("").length;
      assert(sizeBytes < 150_000, `${sizeBytes} bytes are loaded at every start`);
    });

    await t.step("an executable has the bundle in it and the least permissions", async () => {
      const { code, stderr } = await build(one, "compile", ["--target", PLATFORM], {
        DENORT_BIN: Deno.execPath(),
      });
      assert.equal(code, 0, stderr);
      const executable = new TextDecoder("latin1").decode(
        (await Deno.readFile(`${one}/dist/docker-image-pusher-${PLATFORM}`))
          .subarray((await Deno.stat(Deno.execPath())).size),
      );
      for (const [name, content] of await contents(`${one}/dist/bundle`)) {
        if (name.endsWith(".map")) continue;
        assert(executable.includes(new TextDecoder("latin1").decode(content)), `${name} is not embedded`);
      }
      const [, metadata = ""] = /(\{"argv":.*?\}\})/s.exec(executable) ?? [];
      assert.match(metadata, /"allow_ffi":null/);
      assert.match(metadata, /"allow_net":\[\]/);
      assert.match(executable, /"prompt":false/);
    });

    await t.step("without its runtime an executable is refused, with ways out", async () => {
      const { denoDir } = JSON.parse(await run([Deno.execPath(), "info", "--json"]));
      await Deno.mkdir(dir.join("deno/dl"), { recursive: true });
      await Deno.symlink(`${denoDir}/npm`, dir.join("deno/npm"));
      for await (const { name } of Deno.readDir(`${denoDir}/dl`)) {
        if (name !== "release") await Deno.symlink(`${denoDir}/dl/${name}`, dir.join(`deno/dl/${name}`));
      }
      const { code, stderr } = await build(other, "compile", ["--target", PLATFORM], {
        DENO_DIR: dir.join("deno"),
        HTTPS_PROXY: "http://127.0.0.1:9",
      });
      assert.equal(code, 1);
      for (const way of ["DENORT_BIN", "dl/release", "deno task package"]) {
        assert(stderr.includes(way), stderr);
      }
    });

    await t.step("a package pushes from anywhere and writes to its state directory only", async () => {
      const { code, stderr } = await build(one, "package", ["--platform", PLATFORM]);
      assert.equal(code, 0, stderr);
      await assertPortable(dir, `${one}/dist/docker-image-pusher-${PLATFORM}.tar.gz`);
    });

    await t.step("a package has pages, completions, and the names and licences of all that is in it", () => {
      return assertComplete(dir.join(`un packed/docker-image-pusher-${PLATFORM}`), `${one}/dist/bundle`);
    });

    await t.step({
      name: "a package alone, without a network, serves a push of its own and continues it after a kill",
      ignore: Deno.uid() !== 0,
      fn: () => assertContinuesAlone(dir),
    });
  },
);

/** All there is: the loopback, the tools of the base system, and the package. */
const ALONE = `
ip link set lo up
"$1" serve --store store --listen 127.0.0.1:5000 --quiet &
registry=$!
trap 'kill $registry' EXIT
push() { exec "$1" push "$2" -t 127.0.0.1:5000/app:1 --yes --state-dir state --blob-chunk 10MiB "$3" "$4"; }
until (exec 3<>/dev/tcp/127.0.0.1/5000) 2>/dev/null; do sleep 0.1; done
push "$1" "$2" --limit-rate 4MiB &
until grep -q '"offsetBytes": *[1-9]' state/uploads/*.json 2>/dev/null; do sleep 0.1; done
kill -KILL $!
wait $!
(push "$1" "$2" --progress plain)`;

async function assertContinuesAlone(dir: TempDir): Promise<void> {
  await Deno.mkdir(dir.join("alone"));
  await using stage = await makePushStage({ layerBytes: [32 * 2 ** 20] });
  const program = dir.join(`un packed/docker-image-pusher-${PLATFORM}/docker-image-pusher`);
  const { code, stderr } = await tryRun(
    ["unshare", "--net", "bash", "-c", ALONE, "bash", program, stage.archivePath],
    {
      clearEnv: true,
      cwd: dir.join("alone"),
      env: { HOME: dir.join("alone"), PATH: "/usr/bin:/bin:/usr/sbin" },
    },
  );
  assert.equal(code, 0, stderr);
  assert.match(stderr, /continues at/);
  const left = (await Array.fromAsync(Deno.readDir(dir.join("alone")))).map(({ name }) => name).sort();
  assert.deepEqual(left, ["state", "store"]);
}

async function assertPortable(dir: TempDir, archive: string): Promise<void> {
  await Deno.mkdir(dir.join("un packed"));
  await run(["tar", "-x", "-z", "-f", archive, "-C", dir.join("un packed")]);
  await Deno.mkdir(dir.join("work"));
  await Deno.symlink(
    `../un packed/docker-image-pusher-${PLATFORM}/docker-image-pusher`,
    dir.join("work/run"),
  );
  const program = dir.join("work/run");
  const outside = {
    clearEnv: true,
    cwd: dir.join("work"),
    env: { HOME: dir.join("work"), PATH: "/usr/bin:/bin" },
  };
  const before = await tree(dir.join("un packed"));
  const version = JSON.parse(await run([program, "--version", "--json"], outside));
  assert.equal(version.target, "x86_64-unknown-linux-gnu");
  assert.equal((await tryRun([program, "push"], outside)).code, 2);
  await using stage = await makePushStage({ layerBytes: [3 * 2 ** 20, 2 ** 20] });
  await using registry = startTestRegistry();
  const target = [
    "-t",
    `${registry.host}/app:1`,
    "--compress",
    "zstd",
    "--state-dir",
    dir.join("work/state"),
  ];
  await run([program, "push", stage.archivePath, ...target, "--yes"], outside);
  assert(registry.requests.some(({ method, path }) => method === "PUT" && path.endsWith("/manifests/1")));
  assert.equal(await tree(dir.join("un packed")), before);
  const left = (await Array.fromAsync(Deno.readDir(dir.join("work")))).map(({ name }) => name).sort();
  assert.deepEqual(left, ["run", "state"]);
}

const OTHER_COMPLETIONS = [
  "zsh/site-functions/_docker-image-pusher",
  "fish/vendor_completions.d/docker-image-pusher.fish",
  "powershell/docker-image-pusher.ps1",
];

async function assertComplete(unpacked: string, bundle: string): Promise<void> {
  const pages = await contents(new URL("docs/man", PROJECT).pathname);
  assert.deepEqual(await contents(`${unpacked}/share/man/man1`), pages);
  const script = await Deno.readTextFile(
    `${unpacked}/share/bash-completion/completions/docker-image-pusher`,
  );
  assert.equal(await run([`${unpacked}/docker-image-pusher`, "completions", "bash"]), script);
  for (const name of OTHER_COMPLETIONS) {
    assert.match(await Deno.readTextFile(`${unpacked}/share/${name}`), /__complete/);
  }

  const { components } = JSON.parse(await Deno.readTextFile(`${unpacked}/sbom.cdx.json`));
  const names = components.map(({ name }: { name: string }) => name);
  const licences = await Deno.readTextFile(`${unpacked}/THIRD_PARTY_LICENSES.txt`);
  const bundled = await bundledPackages(bundle);
  assert(bundled.size > 3);
  assert.deepEqual(bundled.difference(new Set(names)), new Set());
  for (const name of bundled) assert.match(licences, new RegExp(`^${name} \\d`, "m"));
  assert(names.includes("@deno/linux-x64-glibc"));
}

/** The packages that code in the bundle comes from, by its source maps. */
async function bundledPackages(bundle: string): Promise<Set<string>> {
  const packages = new Set<string>();
  for (const [name, content] of await contents(bundle)) {
    if (!name.endsWith(".map")) continue;
    for (const source of JSON.parse(new TextDecoder().decode(content)).sources) {
      const [, origin] = /\/work\/((?:@[^/]+\/)?[^/]+)\//.exec(source) ?? [];
      if (origin !== undefined) packages.add(origin);
    }
  }
  return packages;
}
