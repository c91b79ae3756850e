/**
 * Shows what docker-image-pusher does: an image is built from files of this machine, `serve --store` is the
 * registry, and the commands run as a user would type them. Everything happens in a temporary directory.
 *
 * @module
 */

import { dockerSaveMembers, tarBytes, type TarMember } from "../tests/support/archives.ts";
import { ProcessOutput } from "../tests/support/process_output.ts";
import { makeTempDir, type TempDir } from "../tests/support/temp_dir.ts";

const PROJECT = new URL("../", import.meta.url);
const IMAGE = "demo/pusher:1.0";
const USER = "demo";
const PASSWORD = "correct horse";
const LARGE_LAYER_BYTES = 30 * 2 ** 20;
/** On loopback nothing would be seen of the progress. */
const LINK_RATE = "12MB";
/** What is sent of blobs, in the log of requests. */
const UPLOAD_REGEXP = /^(?:PATCH|PUT) \S*\/blobs\/uploads\//gm;

/** A registry in a process of its own. */
interface Registry extends AsyncDisposable {
  host: string;
  origin: string;
  log: ProcessOutput;
}

if (import.meta.main) {
  // The command gets Ctrl-C too, and ends; then everything is cleaned up here.
  Deno.addSignalListener("SIGINT", () => {});
  Deno.exitCode = await runDemo();
}

async function runDemo(): Promise<number> {
  await using dir = await makeTempDir();
  say("An image archive as docker save writes it, made of this project's sources and a part of Deno");
  await Deno.writeFile(dir.join("demo.tar"), await buildArchive());
  await using registry = await startRegistry(dir);
  say(`A registry that wants a password listens on ${registry.host}`);
  const steps = [
    () => command(dir, ["login", registry.host, "--username", USER, "--password-stdin"], `${PASSWORD}\n`),
    () => command(dir, ["inspect", "demo.tar"]),
    () => command(dir, ["push", "demo.tar", "--registry", registry.host, "--yes", "--limit-rate", LINK_RATE]),
    () => secondPush(dir, registry),
    () => showTags(registry),
  ];
  for (const step of steps) {
    const code = await step();
    if (code !== 0) return code;
  }
  say("Everything is removed again");
  return 0;
}

async function startRegistry(dir: TempDir): Promise<Registry> {
  const login = ["--username", USER, "--password-stdin"];
  const child = spawn(dir, ["serve", "--store", "registry", "--listen", "127.0.0.1:0", ...login, "--debug"], {
    stdin: "piped",
    stdout: "null",
    stderr: "piped",
  });
  const log = new ProcessOutput(child.stderr);
  await new Blob([`${PASSWORD}\n`]).stream().pipeTo(child.stdin);
  const [, origin = ""] = await log.waitFor(/^Serving .* on (http:\S+?), /m);
  return {
    host: new URL(origin).host,
    origin,
    log,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await Promise.all([child.status, log.ended]);
    },
  };
}

async function secondPush(dir: TempDir, { host, log }: Registry): Promise<number> {
  const before = log.text.length;
  const code = await command(dir, ["push", "demo.tar", "--registry", host, "--yes"]);
  const uploads = log.text.slice(before).match(UPLOAD_REGEXP) ?? [];
  say(`The registry had all of it: ${uploads.length} uploads of blobs were needed`);
  return code;
}

async function showTags(registry: Registry): Promise<number> {
  const [name] = IMAGE.split(":");
  const url = `${registry.origin}/v2/${name}/tags/list`;
  print(`\n$ curl --user ${USER} ${url}\n`);
  const response = await fetch(url, { headers: { authorization: `Basic ${btoa(`${USER}:${PASSWORD}`)}` } });
  print(`${await response.text()}\n`);
  return response.ok ? 0 : 1;
}

/** Shows a command as it would be typed, runs it, and gives its exit code. */
async function command(dir: TempDir, args: readonly string[], stdin?: string): Promise<number> {
  print(`\n$ ${stdin === undefined ? "" : `echo "$PASSWORD" | `}docker-image-pusher ${args.join(" ")}\n`);
  const child = spawn(dir, args, {
    stdin: stdin === undefined ? "inherit" : "piped",
    stdout: "inherit",
    stderr: "inherit",
  });
  if (stdin !== undefined) await new Blob([stdin]).stream().pipeTo(child.stdin);
  return (await child.status).code;
}

function spawn(
  dir: TempDir,
  args: readonly string[],
  streams: Pick<Deno.CommandOptions, "stdin" | "stdout" | "stderr">,
): Deno.ChildProcess {
  const main = new URL("main.ts", PROJECT).href;
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", main, ...args],
    cwd: dir.path,
    env: { DOCKER_IMAGE_PUSHER_STATE_DIR: dir.join("state") },
    ...streams,
  }).spawn();
}

async function buildArchive(): Promise<Uint8Array<ArrayBuffer>> {
  using executable = await Deno.open(Deno.execPath());
  const large = new Uint8Array(LARGE_LAYER_BYTES);
  for (let at = 0; at < large.length;) at += await executable.read(large.subarray(at)) ?? large.length;
  const layers = [
    tarBytes([await member("usr/share/doc/LICENSE", "LICENSE")]),
    tarBytes([{ name: "usr/lib/large.bin", body: large }]),
    tarBytes(await members("lib")),
    tarBytes([await member("app/main.ts", "main.ts"), await member("app/deno.json", "deno.json")]),
  ];
  return tarBytes(await dockerSaveMembers([{ tags: [IMAGE], layers }]));
}

async function members(folder: string): Promise<TarMember[]> {
  const found: TarMember[] = [];
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder, PROJECT))) {
    const path = `${folder}/${name}`;
    found.push(...isDirectory ? await members(path) : [await member(`app/${path}`, path)]);
  }
  return found.sort((a, b) => a.name < b.name ? -1 : 1);
}

async function member(name: string, path: string): Promise<TarMember> {
  return { name, body: await Deno.readFile(new URL(path, PROJECT)) };
}

function say(text: string): void {
  print(`\n# ${text}\n`);
}

function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(text));
}
