import { pathToFileURL } from "node:url";

/** A package from npm that the program is built from. */
export interface EmbeddedPackage {
  /** Name, with its scope. */
  name: string;
  /** Version. */
  version: string;
  /** What the registry says of its archive, as `deno.lock` keeps it: `sha512-` and base64. */
  integrity: string;
  /** Where it is unpacked. */
  dir: URL;
}

/** One of `deno info --json`. */
interface NpmPackage {
  name: string;
  version: string;
  dependencies: string[];
  localPath: string;
}

/**
 * Finds the packages that the program imports, and what these need.
 *
 * @param project The project's root.
 * @returns Them, by name; none of those that only tests and scripts use.
 * @throws {Error} If `deno info` fails; it says why itself.
 */
export async function listEmbeddedPackages(project: URL): Promise<EmbeddedPackage[]> {
  const command = new Deno.Command(Deno.execPath(), { args: ["info", "--json", "main.ts"], cwd: project });
  const { success, stdout } = await command.output();
  if (!success) throw new Error("Cannot list the packages: see what deno info said");
  const { modules, npmPackages }: {
    modules: { npmPackage?: string }[];
    npmPackages: Record<string, NpmPackage>;
  } = JSON.parse(new TextDecoder().decode(stdout));
  const lock = JSON.parse(await Deno.readTextFile(new URL("deno.lock", project)));
  const ids = new Set(modules.flatMap(({ npmPackage }) => npmPackage ?? []));
  for (const id of ids) for (const dependency of npmPackages[id]!.dependencies) ids.add(dependency);
  return [...ids].sort().map((id) => {
    const { name, version, localPath } = npmPackages[id]!;
    return { name, version, integrity: lock.npm[id].integrity, dir: pathToFileURL(`${localPath}/`) };
  });
}
