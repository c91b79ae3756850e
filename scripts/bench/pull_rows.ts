import { formatByteSize } from "../../lib/util/byte_size.ts";
import type { TempDir } from "../../tests/support/temp_dir.ts";
import type { Program } from "./measure.ts";
import { isInstalled } from "./peers.ts";

/** A line of the table. */
export interface PullRow {
  /** What is measured. */
  name: string;
  /** Bytes that are received. */
  sizeBytes: number;
  /** Run by run. */
  program: (run: number) => Program;
}

/** What {@linkcode pullRows} measures with. */
export interface PullBench {
  /** Where archives are written. */
  dir: TempDir;
  /** Bytes of each image's layers. */
  sizeBytes: number;
  /** Sources of an image with one layer, and of one with three. */
  sources: { one: string; three: string };
  /** Registries that have the image with three layers as `bench:1`, one for each run, if there are any. */
  hosts: readonly string[];
  /** Pulls an image into a file. */
  pull: (reference: string, output: string) => Program;
}

/**
 * Pulls into a file, beside a tool that writes the same kinds of archives.
 *
 * @param bench With what.
 * @returns The lines.
 */
export async function pullRows({ dir, sizeBytes, sources, hosts, pull }: PullBench): Promise<PullRow[]> {
  const output = dir.join("pulled.tar");
  const from = (name: string, host: (run: number) => string): PullRow => ({
    name: `pull ${name}`,
    sizeBytes,
    program: (run) => pull(`${host(run)}/bench:1`, output),
  });
  const rows = [
    from("1 layer from a source", () => sources.one),
    from("3 layers from a source", () => sources.three),
  ];
  if (hosts.length > 0) rows.push(from("3 layers from docker-registry", (run) => hosts[run]!));
  if (!await isInstalled("skopeo")) return rows;
  const places = hosts.length > 0
    ? [["a source", () => sources.three], ["docker-registry", (run: number) => hosts[run]!]] as const
    : [["a source", () => sources.three]] as const;
  const kinds = ["docker-archive", "oci-archive"];
  const peers = places.flatMap(([place, host]) =>
    kinds.map((kind): PullRow => ({
      name: `skopeo copy of these from ${place} to ${kind}`,
      sizeBytes,
      program: (run) => skopeo(`${host(run)}/bench:1`, `${kind}:${dir.join("skopeo.tar")}`),
    }))
  );
  return [...rows, ...peers];
}

/**
 * Pulls that differ in their size only, as slow as that hashing never is what is waited for.
 *
 * @param sources Where images of which sizes are.
 * @param options How they are pulled, and how fast.
 * @returns The lines.
 */
export function slowPullRows(
  sources: ReadonlyMap<number, string>,
  { pull, rate }: Pick<PullBench, "pull"> & { rate: string },
): PullRow[] {
  return [...sources].map(([sizeBytes, host]) => {
    const { command } = pull(`${host}/bench:1`, "/dev/null");
    return {
      name: `pull ${formatByteSize(sizeBytes)} from a source at ${rate}/s`,
      sizeBytes,
      program: () => ({ command: [...command, "--limit-rate", rate] }),
    };
  });
}

/** It does not replace archives. */
function skopeo(reference: string, target: string): Program {
  const path = target.slice(target.indexOf(":") + 1);
  const copy =
    `skopeo --insecure-policy copy --src-tls-verify=false "docker://${reference}" "${target}:bench:1"`;
  return { command: ["sh", "-c", `rm -f "${path}" && ${copy}`] };
}
