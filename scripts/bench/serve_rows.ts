import { formatByteSize } from "../../lib/util/byte_size.ts";
import { type BackgroundProcess, startProcess } from "../../tests/support/background_process.ts";
import { runCommand } from "../../tests/support/run_command.ts";
import type { BenchStage } from "./bench_stage.ts";
import { measureServer } from "./measure_server.ts";
import { isInstalled } from "./peers.ts";
import type { Row } from "./row.ts";
import { startStaticNginx } from "./static_nginx.ts";

/** How often a blob is downloaded, so that it takes a while. */
const DOWNLOADS = 8;

/** A server that has just been started, and has the image with three layers. */
interface StartedServer extends AsyncDisposable {
  pid: number;
  /** Where the blob of a digest is. */
  blobUrl: (digest: string) => string;
}

/**
 * Downloads from `serve`, beside other servers, by a client that keeps nothing. What is measured is the server, apart
 * from its start.
 *
 * @param stage With what.
 * @returns The rows; none without curl.
 */
export async function serveRows(stage: BenchStage): Promise<Row[]> {
  if (!await isInstalled("curl")) return [];
  const archive = await stage.three();
  const [half = "", , sixth = ""] = await readLayers(archive);
  const large = { digest: half, sizeBytes: stage.sizeBytes / 2 };
  const small = { digest: sixth, sizeBytes: stage.sizeBytes / 6 };
  const rows = (name: string, start: () => Promise<StartedServer>, blobs = [large]): Row[] =>
    blobs.map(({ digest, sizeBytes }) => ({
      name: `${DOWNLOADS} downloads of ${formatByteSize(sizeBytes)} from ${name}`,
      sizeBytes: DOWNLOADS * sizeBytes,
      measure: async () => {
        await using server = await start();
        return await measureServer(server.pid, () => download(server.blobUrl(digest)));
      },
    }));
  const store = stage.dir.join("store");
  await fillStore(stage, archive, store);
  const both = [small, large];
  const found = [
    ...rows("serve ARCHIVE", () => startServe(stage, "bench/three", archive), both),
    ...rows("serve --store", () => startServe(stage, "bench", "--store", store), both),
  ];
  if (!stage.hasRegistry) return found;
  const registry = await stage.filled();
  found.push(...rows("docker-registry", async () => {
    // What it needed to take the image is not to be measured.
    await registry.restart();
    const { pid, origin } = registry;
    return {
      pid,
      blobUrl: (digest) => `${origin}/v2/bench/blobs/${digest}`,
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }));
  if (await isInstalled("nginx")) {
    found.push(...rows("nginx, as a file", async () => {
      const { host, running } = await startStaticNginx(registry.storagePath, stage.dir);
      return asServer(running, (digest) => {
        const hex = digest.slice("sha256:".length);
        return `http://${host}/docker/registry/v2/blobs/sha256/${hex.slice(0, 2)}/${hex}/data`;
      });
    }));
  }
  return found;
}

async function startServe(stage: BenchStage, repository: string, ...args: string[]): Promise<StartedServer> {
  const { command } = stage.own("serve", ...args, "--listen", "127.0.0.1:0");
  const running = await startProcess(command, /^Serving .* on http:\/\/(\S+?)[,.] /m);
  return asServer(running, (digest) => `http://${running.ready[1]}/v2/${repository}/blobs/${digest}`);
}

function asServer(running: BackgroundProcess, blobUrl: StartedServer["blobUrl"]): StartedServer {
  return { pid: running.pid, blobUrl, [Symbol.asyncDispose]: () => running.stop("SIGINT") };
}

async function fillStore(stage: BenchStage, archive: string, store: string): Promise<void> {
  await using server = await startServe(stage, "bench", "--store", store);
  const { host } = new URL(server.blobUrl(""));
  await runCommand(stage.own("push", archive, "-t", `${host}/bench:1`, "--yes").command);
}

/** Digests of layers, as the archive lists them. */
async function readLayers(archive: string): Promise<string[]> {
  const [image] = JSON.parse(await runCommand(["tar", "-x", "-O", "-f", archive, "manifest.json"]));
  return image.Layers.map((path: string) => path.replace("blobs/sha256/", "sha256:"));
}

/** Gives the seconds it took, without the start of the client. */
async function download(url: string): Promise<number> {
  const each = Array.from({ length: DOWNLOADS }, () => ["-o", "/dev/null", url]).flat();
  const times = await runCommand(["curl", "-sSf", "-w", "%{time_total}\\n", ...each]);
  return times.trim().split("\n").map(Number).reduce((sum, seconds) => sum + seconds, 0);
}
