import { isInstalled } from "./peers.ts";
import type { Program } from "./measure.ts";

/** A line of the table. */
export interface CompressRow {
  /** What is measured. */
  name: string;
  /** Plain bytes. */
  sizeBytes: number;
  /** Run by run. */
  program: (run: number) => Program;
}

/** What {@linkcode compressRows} measures with. */
export interface CompressBench {
  /** The archive; its layers are plain. */
  archive: string;
  /** Bytes of its layers. */
  sizeBytes: number;
  /** Registries, one for each run. */
  hosts: readonly string[];
  /** Pushes an archive; whatever it learns is kept in a directory of this name. */
  push: (archive: string, target: string, stateName: string) => Program;
}

/**
 * Pushes that compress, beside a tool that always does.
 *
 * @param bench With what.
 * @returns The lines.
 */
export async function compressRows(
  { archive, sizeBytes, hosts, push }: CompressBench,
): Promise<CompressRow[]> {
  const rows = ["gzip", "zstd"].flatMap((method): CompressRow[] => {
    const program = (run: number): Program => {
      const { command } = push(archive, `${hosts[run]}/${method}:1`, `state-${method}-${run}`);
      return { command: [...command, "--compress", method] };
    };
    return [
      { name: `push 3 layers compressed with ${method}`, sizeBytes, program },
      { name: `the same push with ${method} again`, sizeBytes, program },
    ];
  });
  if (!await isInstalled("skopeo")) return rows;
  const skopeo = (run: number): Program => ({
    command: [
      "skopeo",
      "--insecure-policy",
      "copy",
      "--dest-tls-verify=false",
      `docker-archive:${archive}`,
      `docker://${hosts[run]}/skopeo-gzip:1`,
    ],
  });
  return [...rows, { name: "skopeo copy of these, which compresses with gzip", sizeBytes, program: skopeo }];
}
