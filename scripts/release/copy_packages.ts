import type { EmbeddedPackage } from "./embedded_packages.ts";

const EVENT_EMITTER = "event_emitter";

/**
 * Copies packages, so that what is made of them does not depend on where they are, and has the parser of command lines
 * load built-in modules of the runtime only when it uses them: these take longer to load than all of the program.
 *
 * @param packages Which.
 * @param to Where the copies go.
 * @returns Which module is imported by which name.
 */
export async function copyPackages(packages: readonly EmbeddedPackage[], to: URL): Promise<Map<string, URL>> {
  const emitter = new URL("event_emitter.js", to);
  await Deno.mkdir(to, { recursive: true });
  await Deno.copyFile(new URL("event_emitter.js", import.meta.url), emitter);
  const copies = new Map([[EVENT_EMITTER, emitter]]);
  for (const { name, dir } of packages) {
    const copy = new URL(`${name}/`, to);
    const change = name === "commander" ? withLazyBuiltins : (source: string) => source;
    await copyModules(dir, copy, change);
    const { exports, main } = JSON.parse(await Deno.readTextFile(new URL("package.json", dir)));
    // What else a package has under another condition is CommonJS, which would need a loader.
    copies.set(name, new URL(exports?.["."]?.default ?? main, copy));
  }
  return copies;
}

async function copyModules(from: URL, to: URL, change: (source: string) => string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) await copyModules(new URL(`${name}/`, from), new URL(`${name}/`, to), change);
    else if (/\.m?js$/.test(name)) {
      await Deno.writeTextFile(new URL(name, to), change(await Deno.readTextFile(new URL(name, from))));
    }
  }
}

/**
 * Has a module load built-in modules of the runtime when it uses them.
 *
 * @param source A module.
 * @returns The module, with the same number of lines. A class cannot extend one that is loaded later: instead of
 * `node:events` it imports what `scripts/release/event_emitter.js` has.
 * @throws {TypeError} If it imports them in a way that this does not know.
 */
export function withLazyBuiltins(source: string): string {
  return source.replace(/^import (.+) from '(node:\w+)';$/gm, (_, names: string, module: string) => {
    if (module === "node:events") return `import ${names} from "${EVENT_EMITTER}";`;
    const load = `globalThis.process.getBuiltinModule("${module}")`;
    if (/^\w+$/.test(names)) return `const ${names} = new Proxy({}, { get: (_, name) => ${load}[name] });`;
    const [, name] = /^\{ (\w+) \}$/.exec(names) ?? [];
    if (name === undefined) throw new TypeError(`Cannot make "import ${names}" lazy: it has another form`);
    return `const ${name} = (...args) => ${load}.${name}(...args);`;
  });
}
