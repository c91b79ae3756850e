/** Packages that are bundled from a copy, because what they import would be loaded at every start. */
const LEAN_PACKAGES = {
  // Its typings are a package of their own, which has nothing else.
  "@commander-js/extra-typings": { from: "commander", main: "index.js" },
  // What Node is given is CommonJS, which needs a loader; this is the same for browsers.
  "yaml": { from: "yaml", main: "browser/index.js" },
} as const;

const EVENT_EMITTER = new URL("stand_ins/event_emitter.js", import.meta.url);

/**
 * Copies packages so that they load built-in modules of the runtime only when they use them: these take longer to load
 * than all of the program.
 *
 * @param project The project's root.
 * @param dir Where the copies go.
 * @returns What an import map says to have them used.
 */
export async function copyLeanPackages(project: URL, dir: URL): Promise<Record<string, string>> {
  const { imports }: { imports: Record<string, string> } = JSON.parse(
    await Deno.readTextFile(new URL("deno.json", project)),
  );
  const emitter = new URL("event_emitter.js", dir);
  await Deno.mkdir(dir, { recursive: true });
  await Deno.copyFile(EVENT_EMITTER, emitter);
  const mapped = { ...imports };
  for (const [name, { from, main }] of Object.entries(LEAN_PACKAGES)) {
    const entry = new URL(import.meta.resolve(imports[from]!));
    const copy = new URL(`${from}/`, dir);
    await copyModules(packageRoot(entry, from), copy, emitter);
    mapped[name] = new URL(main, copy).href;
  }
  return mapped;
}

function packageRoot({ href }: URL, name: string): URL {
  const [root = ""] = new RegExp(`^.*/${name}/[^/]+/`).exec(href) ?? [];
  return new URL(root);
}

async function copyModules(from: URL, to: URL, emitter: URL): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) await copyModules(new URL(`${name}/`, from), new URL(`${name}/`, to), emitter);
    else if (name.endsWith(".js")) {
      const source = await Deno.readTextFile(new URL(name, from));
      await Deno.writeTextFile(new URL(name, to), withLazyBuiltins(source, emitter.href));
    }
  }
}

/**
 * Has a module load built-in modules of the runtime when it uses them.
 *
 * @param source A module.
 * @param emitter What it gets instead of `node:events`, which a class cannot extend later.
 * @returns The module, with the same number of lines.
 * @throws {TypeError} If it imports them in a way that this does not know.
 */
export function withLazyBuiltins(source: string, emitter: string): string {
  return source.replace(/^import (.+) from '(node:\w+)';$/gm, (_, names: string, module: string) => {
    if (module === "node:events") return `import ${names} from ${JSON.stringify(emitter)};`;
    const load = `globalThis.process.getBuiltinModule("${module}")`;
    if (/^\w+$/.test(names)) return `const ${names} = new Proxy({}, { get: (_, name) => ${load}[name] });`;
    const [, name] = /^\{ (\w+) \}$/.exec(names) ?? [];
    if (name === undefined) throw new TypeError(`Cannot make "import ${names}" lazy: it has another form`);
    return `const ${name} = (...args) => ${load}.${name}(...args);`;
  });
}
