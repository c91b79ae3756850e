/**
 * Measures what a build weighs and how long it takes to start, warm and with its program out of the system's cache,
 * beside an empty script and other tools that are installed: medians of several runs.
 *
 *     deno task package --platform linux-x86_64 && deno task bench:start [RUNS]
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { formatByteSize } from "../lib/util/byte_size.ts";
import { makeTempDir } from "../tests/support/temp_dir.ts";
import { measure, median } from "./bench/measure.ts";
import { isInstalled } from "./bench/peers.ts";
import { BUNDLE, DIST } from "./release/bundle.ts";

const PACKAGE = `docker-image-pusher-${Deno.build.os}-${Deno.build.arch}`;
const PEERS = ["skopeo", "crane", "regctl"];

/** Something to start, and the file that is most of it. */
interface Starter {
  name: string;
  command: string[];
  file: string;
}

if (import.meta.main) await benchStart(Number(Deno.args[0] ?? 10));

async function benchStart(runs: number): Promise<void> {
  await using dir = await makeTempDir();
  const archive = fileURLToPath(new URL(`${PACKAGE}.tar.gz`, DIST));
  await new Deno.Command("tar", { args: ["-x", "-z", "-f", archive, "-C", dir.path] }).output();
  const program = dir.join(`${PACKAGE}/docker-image-pusher`);
  const deno = dir.join(`${PACKAGE}/lib/deno`);
  await Deno.writeTextFile(dir.join("empty.js"), "");
  const starters: Starter[] = [
    { name: "an empty script", command: [deno, "run", dir.join("empty.js")], file: deno },
    { name: "--version", command: [program, "--version"], file: deno },
    { name: "--help", command: [program, "--help"], file: deno },
  ];
  for (const peer of PEERS) {
    if (!await isInstalled(peer)) continue;
    const path = new TextDecoder().decode(
      (await new Deno.Command("sh", { args: ["-c", `command -v ${peer}`] }).output()).stdout,
    ).trim();
    starters.push({ name: `${peer} --help`, command: [path, "--help"], file: path });
  }
  print(`bundle: ${formatByteSize(await sizeOf(BUNDLE, /\.js$/))} without source maps\n`);
  print(`package: ${formatByteSize((await Deno.stat(archive)).size)}\n\n`);
  print("|  | warm ms | CPU ms | cold ms |\n| --- | ---: | ---: | ---: |\n");
  for (const { name, command, file } of starters) {
    const cold: number[] = [];
    const warm: number[] = [];
    const cpu: number[] = [];
    for (let run = 0; run < runs; run++) {
      await new Deno.Command("dd", { args: [`if=${file}`, "iflag=nocache", "count=0"], stderr: "null" })
        .output();
      cold.push((await measure({ command })).wallSeconds);
      const { wallSeconds, cpuSeconds } = await measure({ command });
      warm.push(wallSeconds);
      cpu.push(cpuSeconds);
    }
    print(`| ${[name, ...[warm, cpu, cold].map((all) => (median(all) * 1000).toFixed(0))].join(" | ")} |\n`);
  }
}

async function sizeOf(dir: URL, pattern: RegExp): Promise<number> {
  let sizeBytes = 0;
  for await (const { name } of Deno.readDir(dir)) {
    if (pattern.test(name)) sizeBytes += (await Deno.stat(new URL(name, dir))).size;
  }
  return sizeBytes;
}

function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(text));
}
