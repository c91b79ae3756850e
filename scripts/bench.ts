/**
 * Measures pushes against the limits of the machine and against other tools, and prints a table in Markdown: medians
 * of several rounds, each round running everything once, so that ratios compare what ran under the same conditions.
 * Needs Linux and GNU time; other tools and docker-registry take part where they are installed.
 *
 * @example deno task bench --size 512 --rounds 3
 *
 * @module
 */

import { parseArgs } from "node:util";
import { startProcess } from "../tests/support/background_process.ts";
import { type RealRegistry, startRealRegistry } from "../tests/support/real_registry.ts";
import { makeTempDir, type TempDir } from "../tests/support/temp_dir.ts";
import { type BenchArchive, makeArchive } from "./bench/make_archive.ts";
import { measure, type Measurement, medianOf } from "./bench/measure.ts";

const MIB = 2 ** 20;
const HASH_ONLY = "hash only, one thread";
const EMPTY = "empty script";

/** One row of the table. */
interface Case {
  label: string;
  /** Bytes that go through it; 0 if that says nothing. */
  bytes: number;
  run: () => Promise<Measurement>;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { size: { type: "string", default: "512" }, rounds: { type: "string", default: "3" } },
  });
  await bench(Number(values.size) * MIB, Number(values.rounds));
}

async function bench(sizeBytes: number, rounds: number): Promise<void> {
  await using dir = await makeTempDir();
  const part = Math.max(1, Math.floor(sizeBytes / 3 / MIB)) * MIB;
  const one = await makeArchive(dir.join("one.tar"), [3 * part]);
  const three = await makeArchive(dir.join("three.tar"), [part, part, part]);
  await using resources = new AsyncDisposableStack();
  const sink = await startProcess([Deno.execPath(), "run", "-A", script("bench/sink.ts")], /port (\d+)/);
  resources.defer(() => sink.stop("SIGTERM"));
  const registry = await isInstalled("docker-registry")
    ? resources.use(await startRealRegistry())
    : undefined;
  const port = sink.ready[1]!;
  await Deno.writeTextFile(dir.join("empty.ts"), "");
  const cases = [
    ...limitCases(dir, one, port),
    ...sinkCases(dir, [one, three], port),
    ...await registryCases(dir, three, registry),
  ];
  const results = new Map<string, Measurement[]>(cases.map(({ label }) => [label, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const { label, run } of cases) {
      print(Deno.stderr, `round ${round} of ${rounds}: ${label}`);
      results.get(label)!.push(await run());
    }
  }
  printTable(cases, new Map([...results].map(([label, runs]) => [label, medianOf(runs)])));
}

function limitCases(dir: TempDir, archive: BenchArchive, port: string): Case[] {
  const deno = (name: string, ...args: string[]): Promise<Measurement> =>
    measure([Deno.execPath(), "run", "-A", script(`bench/${name}`), ...args]);
  return [
    { label: EMPTY, bytes: 0, run: () => measure([Deno.execPath(), "run", "-A", dir.join("empty.ts")]) },
    { label: HASH_ONLY, bytes: archive.layerBytes, run: () => deno("hash_only.ts", archive.path) },
    {
      label: "raw socket and hash, one thread",
      bytes: archive.layerBytes,
      run: () => deno("raw_upload.ts", archive.path, port),
    },
  ];
}

function sinkCases(dir: TempDir, archives: readonly BenchArchive[], port: string): Case[] {
  const target = `127.0.0.1:${port}/bench/sink:1`;
  return archives.map((archive, index) => ({
    label: `push of ${["one layer", "three layers"][index]} to a sink`,
    bytes: archive.layerBytes,
    run: () => push(dir, archive, [target, "--no-resume"]),
  }));
}

async function registryCases(
  dir: TempDir,
  archive: BenchArchive,
  registry: RealRegistry | undefined,
): Promise<Case[]> {
  if (!registry) return [];
  let pushes = 0;
  // A repository and a storage of its own for each push, or the registry would have the blobs.
  const fresh = async (): Promise<string> => {
    await Deno.remove(registry.storagePath, { recursive: true }).catch(() => {});
    await Deno.mkdir(registry.storagePath, { recursive: true });
    await registry.restart();
    return `${registry.host}/bench/app-${++pushes}:1`;
  };
  let last = "";
  const cases: Case[] = [
    {
      label: "push of three layers to docker-registry",
      bytes: archive.layerBytes,
      run: async () => await push(dir, archive, [last = await fresh()]),
    },
    { label: "the same push again", bytes: 0, run: () => push(dir, archive, [last]) },
  ];
  const peers: Record<string, (target: string) => string[]> = {
    skopeo: (target) => [
      "copy",
      "--dest-tls-verify=false",
      "--insecure-policy",
      `docker-archive:${archive.path}`,
      `docker://${target}`,
    ],
    crane: (target) => ["push", "--insecure", archive.path, target],
    regctl: (target) => ["image", "import", target, archive.path],
  };
  for (const [name, args] of Object.entries(peers)) {
    if (!await isInstalled(name)) continue;
    const run = async (): Promise<Measurement> => await measure([name, ...args(await fresh())]);
    cases.push({ label: `${name} to docker-registry`, bytes: archive.layerBytes, run });
  }
  return cases;
}

async function push(
  dir: TempDir,
  archive: BenchArchive,
  [target = "", ...options]: readonly string[],
): Promise<Measurement> {
  const env = { DOCKER_IMAGE_PUSHER_STATE_DIR: dir.join("state") };
  const main = script("../main.ts");
  const args = ["push", archive.path, "-t", target, "--yes", "--plain-http", "--quiet", ...options];
  return await measure([Deno.execPath(), "run", "-A", main, ...args], env);
}

function printTable(cases: readonly Case[], medians: ReadonlyMap<string, Measurement>): void {
  const hashed = medians.get(HASH_ONLY)!;
  const bare = medians.get(EMPTY)!;
  const rate = (bytes: number, { wallSeconds }: Measurement): number => bytes / MIB / wallSeconds;
  const hashRate = rate(cases.find(({ label }) => label === HASH_ONLY)!.bytes, hashed);
  print(Deno.stdout, "| what | wall s | CPU s | MiB/s | × hash only | peak MiB | above bare |");
  print(Deno.stdout, "| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
  for (const { label, bytes } of cases) {
    const median = medians.get(label)!;
    const speed = bytes === 0 ? ["", ""] : [
      rate(bytes, median).toFixed(0),
      (rate(bytes, median) / hashRate).toFixed(2),
    ];
    const memory = [median.peakMib.toFixed(1), (median.peakMib - bare.peakMib).toFixed(1)];
    const figures = [median.wallSeconds.toFixed(2), median.cpuSeconds.toFixed(2), ...speed, ...memory];
    print(Deno.stdout, `| ${label} | ${figures.join(" | ")} |`);
  }
}

function print(stream: typeof Deno.stdout | typeof Deno.stderr, line: string): void {
  stream.writeSync(new TextEncoder().encode(`${line}\n`));
}

async function isInstalled(program: string): Promise<boolean> {
  try {
    await new Deno.Command(program, { args: ["--version"], stdout: "null", stderr: "null" }).output();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function script(path: string): string {
  return new URL(path, import.meta.url).pathname;
}
