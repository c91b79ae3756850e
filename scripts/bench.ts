/**
 * Measures pushes and pulls against what this machine can do at most and against other tools, and prints one table: medians of
 * several runs, and ratios of what was measured in the same run.
 *
 *     deno task bench [--size 512MiB] [--runs 3] [--large 16GiB]
 *
 * With `--large` it also pushes and pulls an image of that size and one of 1 GiB, slowly enough that the link is the limit, to
 * compare their memory.
 *
 * What else the machine does falls on all rows, but not evenly; as root, `chrt -r 10 deno task bench` goes before it.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { formatByteSize, parseByteSize } from "../lib/util/byte_size.ts";
import { startRealRegistry } from "../tests/support/real_registry.ts";
import { createCertificateAuthority } from "../tests/support/certificate.ts";
import { makeTempDir, type TempDir } from "../tests/support/temp_dir.ts";
import { compressRows } from "./bench/compress_rows.ts";
import { writeInput } from "./bench/inputs.ts";
import { measure, type Measurement, median, type Program } from "./bench/measure.ts";
import { findPeers, isInstalled } from "./bench/peers.ts";
import { pullRows, slowPullRows } from "./bench/pull_rows.ts";
import { serveRows } from "./bench/serve_rows.ts";

const MIB = 2 ** 20;
const PROJECT = new URL("../", import.meta.url);
const BARE = "bare runtime";
const SLOW_RATE = "40MB";
const HASH_ONLY = "hash only, one thread";

/** A line of the table. */
interface Row {
  name: string;
  /** What is read or sent, for the throughput; nothing where that says nothing. */
  sizeBytes?: number | undefined;
  /** Run by run, so that each push can go where nothing is yet. */
  program: (run: number) => Program;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { size: { type: "string" }, runs: { type: "string" }, large: { type: "string" } },
  });
  const sizeBytes = Math.round((parseByteSize(values.size ?? "512MiB") ?? NaN) / (6 * MIB)) * 6 * MIB;
  const runs = Number(values.runs ?? 3);
  const largeBytes = parseByteSize(values.large ?? "0") ?? NaN;
  if (!(sizeBytes > 0 && runs > 0 && largeBytes >= 0)) {
    print("Usage: deno task bench [--size SIZE, at least 6MiB] [--runs NUMBER] [--large SIZE]\n");
    Deno.exit(2);
  }
  await bench(sizeBytes, { runs, largeBytes });
}

async function bench(
  sizeBytes: number,
  { runs, largeBytes }: { runs: number; largeBytes: number },
): Promise<void> {
  await using resources = new AsyncDisposableStack();
  const dir = resources.use(await makeTempDir());
  const one = dir.join("one.tar");
  const three = dir.join("three.tar");
  await Deno.writeTextFile(dir.join("empty.ts"), "");
  await writeInput(one, "bench/one:1", [{ kind: "random", sizeBytes }]);
  await writeInput(three, "bench/three:1", [
    { kind: "random", sizeBytes: sizeBytes / 2 },
    { kind: "random", sizeBytes: sizeBytes / 3 },
    { kind: "text", sizeBytes: sizeBytes / 6 },
  ]);
  const sinks: Server[] = [];
  for (let nth = 0; nth < 3; nth++) sinks.push(resources.use(await startServer("sink")));
  const authority = await createCertificateAuthority();
  const { cert, key } = await authority.issue(["127.0.0.1"]);
  const [ca, certPath, keyPath] = [dir.join("ca.pem"), dir.join("cert.pem"), dir.join("key.pem")];
  await Deno.writeTextFile(ca, authority.cert);
  await Deno.writeTextFile(certPath, cert);
  await Deno.writeTextFile(keyPath, key);
  const tlsSink = resources.use(await startServer("sink", certPath, keyPath));
  const push = pusher(dir);
  const rows: Row[] = [
    { name: BARE, program: () => deno(dir.join("empty.ts")) },
    { name: HASH_ONLY, sizeBytes, program: () => limit("hash", one) },
    {
      name: "hash and send through a bare socket",
      sizeBytes,
      program: () => limit("send", one, `${sinks[0]!.port}`),
    },
    { name: "push 1 layer to a sink", sizeBytes, program: () => push(one, sinks[0]!.host) },
    { name: "push 3 layers to a sink", sizeBytes, program: () => push(three, sinks[0]!.host) },
    {
      name: "push 1 layer to a sink over TLS",
      sizeBytes,
      program: () => trusting(ca, push(one, tlsSink.host)),
    },
    {
      name: "push 3 layers to 3 sinks",
      sizeBytes: 3 * sizeBytes,
      program: () => push(three, ...sinks.map(({ host }) => host)),
    },
  ];
  const pull = puller(dir);
  const large = await largeArchives(largeBytes, dir);
  rows.push(...slowPushRows(large, { push, host: sinks[0]!.host }));
  const sourceHost = async (archive: string): Promise<string> =>
    resources.use(await startServer("source", archive)).host;
  const largeSources = new Map<number, string>();
  for (const [size, archive] of large) largeSources.set(size, await sourceHost(archive));
  rows.push(...slowPullRows(largeSources, { pull, rate: SLOW_RATE }));
  // One for each run: tools remember what a registry has, and mount it.
  const hosts: string[] = [];
  if (await isInstalled("docker-registry")) {
    for (let run = 0; run < runs; run++) hosts.push(resources.use(await startRealRegistry()).host);
    rows.push(
      { name: "push 3 layers to docker-registry", sizeBytes, program: (run) => push(three, hosts[run]!) },
      { name: "the same push again", program: (run) => push(three, hosts[run]!) },
    );
    for (const { name, program } of await findPeers()) {
      const repository = name.split(" ")[0]!;
      rows.push({ name, sizeBytes, program: (run) => program(three, `${hosts[run]}/${repository}:1`) });
    }
    const plain = dir.join("plain.tar");
    await writeInput(plain, "bench/plain:1", [
      { kind: "program", sizeBytes: sizeBytes / 2 },
      { kind: "program", sizeBytes: sizeBytes / 3 },
      { kind: "text", sizeBytes: sizeBytes / 6 },
    ]);
    rows.push(...await compressRows({ archive: plain, sizeBytes, hosts, push: compressor(dir) }));
  } else print("docker-registry is not installed: pushes to it, and pulls from it, are left out.\n\n");
  const sources = { one: await sourceHost(one), three: await sourceHost(three) };
  rows.push(...await pullRows({ dir, sizeBytes, sources, hosts, pull }));
  const { command: serve } = deno(new URL("main.ts", PROJECT).pathname, "serve", "--quiet");
  rows.push(
    ...await serveRows([
      { archive: three, blobBytes: sizeBytes / 6, serve },
      { archive: one, blobBytes: sizeBytes, serve },
    ]),
  );

  const measured = new Map(rows.map(({ name }): [string, Measurement[]] => [name, []]));
  for (let run = 0; run < runs; run++) {
    for (const { name, program } of rows) measured.get(name)!.push(await measure(program(run)));
  }
  const { hardwareConcurrency: processors } = navigator;
  print(
    `${formatByteSize(sizeBytes)}, runs: ${runs}, Deno ${Deno.version.deno}, processors: ${processors}\n\n`,
  );
  print(table(rows, measured));
}

/** One of 1 GiB, and one of a size that was asked for, if one was. */
async function largeArchives(largeBytes: number, dir: TempDir): Promise<Map<number, string>> {
  const archives = new Map<number, string>();
  for (const sizeBytes of largeBytes > 0 ? [2 ** 30, largeBytes] : []) {
    const path = dir.join(`${sizeBytes}.tar`);
    await writeInput(path, "bench/large:1", [{ kind: "hole", sizeBytes }]);
    archives.set(sizeBytes, path);
  }
  return archives;
}

/** The same twice, but for their size: as slow as that hashing never is what is waited for. */
function slowPushRows(
  archives: ReadonlyMap<number, string>,
  { push, host }: { push: (archive: string, ...hosts: string[]) => Program; host: string },
): Row[] {
  return [...archives].map(([sizeBytes, path]) => ({
    name: `push ${formatByteSize(sizeBytes)} to a sink at ${SLOW_RATE}/s`,
    sizeBytes,
    program: () => ({ command: [...push(path, host).command, "--limit-rate", SLOW_RATE] }),
  }));
}

/** Pushes to each of these registries. */
function pusher(dir: TempDir): (archive: string, ...hosts: string[]) => Program {
  const options = ["--state-dir", dir.join("state")];
  return (archive, ...hosts) => {
    const where = hosts.flatMap((host) => ["-t", `${host}/bench:1`]);
    const main = new URL("main.ts", PROJECT).pathname;
    return deno(main, "push", archive, ...where, "--yes", "--quiet", ...options);
  };
}

/** Pulls into a file that may be there, without keeping anything elsewhere. */
function puller(dir: TempDir): (reference: string, output: string) => Program {
  const main = new URL("main.ts", PROJECT).pathname;
  const options = ["--force", "--quiet", "--no-cache", "--state-dir", dir.join("state")];
  return (reference, output) =>
    deno(main, "pull", reference, "-o", output, "--platform", "linux/amd64", ...options);
}

/** Pushes to a target, with a state directory of its own: what layers become is remembered there. */
function compressor(dir: TempDir): (archive: string, target: string, stateName: string) => Program {
  const main = new URL("main.ts", PROJECT).pathname;
  return (archive, target, stateName) =>
    deno(main, "push", archive, "-t", target, "--yes", "--quiet", "--state-dir", dir.join(stateName));
}

function trusting(ca: string, { command }: Program): Program {
  return { command: [...command, "--ca-file", ca] };
}

function limit(...args: string[]): Program {
  return deno(new URL("scripts/bench/limits.ts", PROJECT).pathname, ...args);
}

function deno(...args: string[]): Program {
  return { command: [Deno.execPath(), "run", "-A", ...args] };
}

interface Server extends AsyncDisposable {
  port: number;
  host: string;
}

async function startServer(name: "sink" | "source", ...args: string[]): Promise<Server> {
  const path = new URL(`scripts/bench/${name}.ts`, PROJECT).pathname;
  const child = new Deno.Command(Deno.execPath(), { args: ["run", "-A", path, ...args], stdout: "piped" })
    .spawn();
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  const port = Number(new TextDecoder().decode(value));
  return {
    port,
    host: `127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      child.kill();
      await reader.cancel();
      await child.status;
    },
  };
}

/** Ratios are made run by run, so that what else the machine does falls on both sides. */
function table(rows: readonly Row[], measured: ReadonlyMap<string, readonly Measurement[]>): string {
  const bare = measured.get(BARE)!;
  const hashOnly = measured.get(HASH_ONLY)!;
  const hashedBytes = rows.find(({ name }) => name === HASH_ONLY)!.sizeBytes!;
  const lines = rows.map(({ name, sizeBytes }) => {
    const runs = measured.get(name)!;
    const rates = runs.map(({ wallSeconds }) => sizeBytes === undefined ? NaN : sizeBytes / wallSeconds);
    const ratios = rates.map((rate, run) => rate / (hashedBytes / hashOnly[run]!.wallSeconds));
    const abovesBytes = runs.map(({ peakBytes }, run) => peakBytes - bare[run]!.peakBytes);
    return [
      name,
      median(runs.map(({ wallSeconds }) => wallSeconds)).toFixed(2),
      sizeBytes === undefined ? "" : (median(rates) / 1e6).toFixed(0),
      sizeBytes === undefined ? "" : median(ratios).toFixed(2),
      median(runs.map(({ cpuSeconds }) => cpuSeconds)).toFixed(2),
      (median(runs.map(({ peakBytes }) => peakBytes)) / MIB).toFixed(0),
      name === BARE ? "" : (median(abovesBytes) / MIB).toFixed(0),
    ];
  });
  const head = ["", "wall s", "MB/s", "× hash only", "CPU s", "peak MiB", "above bare"];
  const rule = head.map((_, column) => column === 0 ? "---" : "---:");
  return [head, rule, ...lines].map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}

function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(text));
}
