import { runCommand } from "../run_command.ts";
import { makeTempDir } from "../temp_dir.ts";

/** One import statement. */
export interface ImportEdge {
  /** The importing file, relative to the project, for example `lib/cli/app.ts`. */
  from: string;
  /** What it names: a file relative to the project, or a package such as `valibot` or `node:crypto`. */
  to: string;
  /** Whether it is an `import()`. */
  isDynamic: boolean;
  /** Whether only types are imported. */
  isTypeOnly: boolean;
}

/** A file and what it holds. */
export interface SourceFile {
  /** Relative to the project. */
  path: string;
  /** Its text. */
  text: string;
}

const PROJECT = new URL("../../../", import.meta.url);

/** As `deno info --json` writes it. */
interface DenoInfo {
  modules: {
    specifier: string;
    dependencies?: { specifier: string; code?: DenoTarget; type?: DenoTarget; isDynamic?: boolean }[];
  }[];
}

interface DenoTarget {
  specifier?: string;
}

/**
 * Reads the TypeScript files of a folder.
 *
 * @param folder Relative to the project, for example `lib`.
 * @returns The files, by path.
 */
export async function readSources(folder: string): Promise<SourceFile[]> {
  const sources: SourceFile[] = [];
  const walk = async (path: string): Promise<void> => {
    for await (const entry of Deno.readDir(new URL(path, PROJECT))) {
      const child = `${path}/${entry.name}`;
      if (entry.isDirectory) await walk(child);
      else if (child.endsWith(".ts")) {
        sources.push({ path: child, text: await Deno.readTextFile(new URL(child, PROJECT)) });
      }
    }
  };
  await walk(folder);
  return sources.sort((a, b) => a.path < b.path ? -1 : 1);
}

/**
 * Reads all imports of some files and of what they import within the project, as Deno understands them.
 *
 * @param paths The files, relative to the project.
 * @returns One edge per import.
 */
export async function readImports(paths: readonly string[]): Promise<ImportEdge[]> {
  await using dir = await makeTempDir();
  const entry = dir.join("all.ts");
  await Deno.writeTextFile(entry, paths.map((path) => `import "${new URL(path, PROJECT)}";\n`).join(""));
  const config = new URL("deno.json", PROJECT).pathname.replace(/^\/([A-Za-z]:)/, "$1");
  const args = ["info", "--json", "--no-lock", "--config", config, entry];
  const info: DenoInfo = JSON.parse(await runCommand([Deno.execPath(), ...args], { env: { NO_COLOR: "1" } }));
  return info.modules.filter(({ specifier }) => specifier.startsWith(PROJECT.href)).flatMap((module) =>
    (module.dependencies ?? []).map(({ specifier, code, type, isDynamic = false }) => ({
      from: relative(module.specifier),
      to: target(specifier, (code ?? type)?.specifier),
      isDynamic,
      isTypeOnly: code === undefined,
    }))
  );
}

/**
 * Finds files that import each other in a circle.
 *
 * @param edges All imports.
 * @returns The first circle found, its start repeated at the end; empty if there is none.
 */
export function findCycle(edges: readonly ImportEdge[]): string[] {
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): string[] => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (done.has(path)) return [];
    for (const edge of edges) {
      const cycle = edge.from === path ? visit(edge.to, [...trail, path]) : [];
      if (cycle.length > 0) return cycle;
    }
    done.add(path);
    return [];
  };
  for (const { from } of edges) {
    const cycle = visit(from, []);
    if (cycle.length > 0) return cycle;
  }
  return [];
}

function relative(url: string): string {
  return url.slice(PROJECT.href.length);
}

function target(written: string, resolved: string | undefined): string {
  return resolved?.startsWith(PROJECT.href) ? relative(resolved) : written;
}
