import { createCertificateAuthority } from "../../tests/support/certificate.ts";
import { type RealRegistry, startRealRegistry } from "../../tests/support/real_registry.ts";
import { runCommand } from "../../tests/support/run_command.ts";
import type { TempDir } from "../../tests/support/temp_dir.ts";
import { startBenchServer } from "./bench_server.ts";
import { type LayerInput, writeInput } from "./inputs.ts";
import type { Program } from "./measure.ts";
import { ownProgram } from "./own_program.ts";
import { isInstalled } from "./peers.ts";

/** What groups of rows measure with. Everything is made when it is asked for first, and once. */
export interface BenchStage {
  /** Bytes of an image's layers. */
  readonly sizeBytes: number;
  /** Where to put things. */
  readonly dir: TempDir;
  /** Whether there is a docker-registry to measure against. */
  readonly hasRegistry: boolean;
  /** This program, with a state directory that all rows share. */
  own: (...args: string[]) => Program;
  /** An archive of an image with one layer of random bytes. */
  one: () => Promise<string>;
  /** An archive of an image with three layers, of a half, a third and a sixth; the last is text, the others random. */
  three: () => Promise<string>;
  /** The like, of programs and text. */
  plain: () => Promise<string>;
  /** An archive of an image with one layer of zeros, of this size. */
  zeros: (sizeBytes: number) => Promise<string>;
  /** Starts a registry that keeps nothing; returns host and port. */
  startSink: () => Promise<string>;
  /** The same with TLS, and the file of the authority to trust. */
  startTlsSink: () => Promise<{ host: string; caPath: string }>;
  /** Starts a registry that gives out the image of an archive as `bench:1`; returns host and port. */
  startSource: (archive: string) => Promise<string>;
  /** A docker-registry that holds the image with three layers as `bench:1`. */
  filled: () => Promise<RealRegistry>;
}

/**
 * Prepares measuring; nothing is started yet.
 *
 * @param dir Where to put things.
 * @param options What to measure with.
 * @param options.sizeBytes Bytes of an image's layers.
 * @param options.resources Gets what must be ended afterwards.
 * @returns The stage.
 */
export async function createBenchStage(
  dir: TempDir,
  { sizeBytes, resources }: { sizeBytes: number; resources: AsyncDisposableStack },
): Promise<BenchStage> {
  const archive = (name: string, kinds: readonly LayerInput["kind"][]) =>
    once(async () => {
      const sizes = kinds.length === 1 ? [sizeBytes] : [sizeBytes / 2, sizeBytes / 3, sizeBytes / 6];
      const layers = kinds.map((kind, at): LayerInput => ({ kind, sizeBytes: sizes[at]! }));
      const path = dir.join(`${name}.tar`);
      await writeInput(path, `bench/${name}:1`, layers);
      return path;
    });
  const zeros = new Map<number, () => Promise<string>>();
  const start = async (...args: Parameters<typeof startBenchServer>): Promise<string> =>
    resources.use(await startBenchServer(...args)).host;
  const stage: BenchStage = {
    sizeBytes,
    dir,
    hasRegistry: await isInstalled("docker-registry"),
    own: (...args) => ownProgram(dir.join("state"), args),
    one: archive("one", ["random"]),
    three: archive("three", ["random", "random", "text"]),
    plain: archive("plain", ["program", "program", "text"]),
    zeros: (size) => zeros.getOrInsertComputed(size, () => once(() => writeZeros(dir, size)))(),
    startSink: () => start("sink"),
    startTlsSink: async () => {
      const { caPath, certPath, keyPath } = await writeCertificate(dir);
      return { host: await start("sink", certPath, keyPath), caPath };
    },
    startSource: (path) => start("source", path),
    filled: once(async () => {
      const registry = resources.use(await startRealRegistry());
      const { command } = stage.own("push", await stage.three(), "-t", `${registry.host}/bench:1`, "--yes");
      await runCommand(command);
      return registry;
    }),
  };
  return stage;
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => made ??= make();
}

async function writeZeros(dir: TempDir, sizeBytes: number): Promise<string> {
  const path = dir.join(`zeros-${sizeBytes}.tar`);
  await writeInput(path, "bench/zeros:1", [{ kind: "hole", sizeBytes }]);
  return path;
}

async function writeCertificate(
  dir: TempDir,
): Promise<{ caPath: string; certPath: string; keyPath: string }> {
  const authority = await createCertificateAuthority();
  const { cert, key } = await authority.issue(["127.0.0.1"]);
  const paths = { caPath: dir.join("ca.pem"), certPath: dir.join("cert.pem"), keyPath: dir.join("key.pem") };
  await Deno.writeTextFile(paths.caPath, authority.cert);
  await Deno.writeTextFile(paths.certPath, cert);
  await Deno.writeTextFile(paths.keyPath, key);
  return paths;
}
