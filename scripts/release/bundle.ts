/**
 * Bundles the program with its packages into a directory of plain JavaScript, which Deno runs without any other file.
 * `main.js` has what every start needs; a command loads the rest of what it uses.
 *
 *     deno task bundle
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { type BuildInfo, readBuildInfo } from "./build_info.ts";
import { copyPackages } from "./copy_packages.ts";
import { listEmbeddedPackages } from "./embedded_packages.ts";

/** The project's root. */
export const PROJECT: URL = new URL("../../", import.meta.url);

/** Where builds go. */
export const DIST: URL = new URL("dist/", PROJECT);

/** Where the bundle goes. */
export const BUNDLE: URL = new URL("bundle/", DIST);

if (import.meta.main) await bundle(await readBuildInfo(PROJECT));

/**
 * Makes the bundle, `main.js` and its parts with their source maps.
 *
 * @param build What it says with `--version --json`.
 * @throws {Error} If `deno bundle` fails; it says why itself.
 */
export async function bundle(build: BuildInfo): Promise<void> {
  const work = new URL("work/", DIST);
  await removeIfThere(BUNDLE);
  await removeIfThere(work);
  const imports = await copyPackages(await listEmbeddedPackages(PROJECT), work);
  const version = new URL("lib/version.ts", PROJECT);
  imports.set(version.href, new URL("version.ts", work));
  await Deno.writeTextFile(new URL("version.ts", work), withCommit(await Deno.readTextFile(version), build));
  await Deno.writeTextFile(
    new URL("import_map.json", work),
    JSON.stringify({ imports: Object.fromEntries(imports) }),
  );
  const args = ["bundle", "--quiet", "--minify", "--code-splitting", "--sourcemap=linked"];
  args.push(
    "--import-map",
    fileURLToPath(new URL("import_map.json", work)),
    "--outdir",
    fileURLToPath(BUNDLE),
    "main.ts",
  );
  const { success } = await new Deno.Command(Deno.execPath(), { args, cwd: PROJECT }).spawn().status;
  if (!success) throw new Error("Cannot bundle: see what deno bundle said");
  await Deno.remove(work, { recursive: true });
}

function withCommit(source: string, { commit }: BuildInfo): string {
  const built = source.replace('COMMIT = ""', `COMMIT = ${JSON.stringify(commit)}`);
  if (built === source && commit !== "") throw new Error("Cannot put the commit into lib/version.ts");
  return built;
}

async function removeIfThere(path: URL): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
