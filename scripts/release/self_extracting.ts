import { createHash } from "node:crypto";

/**
 * Makes a program of an archive: a shell script with the archive behind it.
 *
 * @param archive A package, as a tar archive compressed with gzip.
 * @param options Its version, and the directory that everything in it is in.
 * @returns The program, for systems with a shell.
 */
export async function selfExtracting(
  archive: Uint8Array,
  { version, directory }: { version: string; directory: string },
): Promise<Uint8Array> {
  const template = await Deno.readTextFile(new URL("run_header.sh", import.meta.url));
  const header = template
    .replaceAll("@VERSION@", version)
    .replaceAll("@SHA256@", createHash("sha256").update(archive).digest("hex"))
    .replaceAll("@DIRECTORY@", directory)
    .replaceAll("@LINE@", `${template.split("\n").length}`);
  const script = new TextEncoder().encode(header);
  const program = new Uint8Array(script.length + archive.length);
  program.set(script);
  program.set(archive, script.length);
  return program;
}
