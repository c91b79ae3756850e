import type { ImportEdge } from "./module_graph.ts";

/** What each layer may import beside itself: DESIGN's arrows. A file stands for itself alone. */
const LAYERS: Record<string, readonly string[]> = {
  "errors": [],
  "version": [],
  "util": ["errors"],
  "spec": ["util", "errors"],
  "archive": ["spec", "util", "errors", "version"],
  "registry": ["spec", "util", "errors", "version"],
  "credentials": ["spec", "util", "errors", "version"],
  "runtimes": ["spec", "util", "errors", "version"],
  "state": ["spec", "util", "errors", "version"],
  "layout": ["spec", "util", "errors", "version"],
  "server": ["spec", "util", "errors", "version"],
  "transfer": ["spec", "util", "errors"],
  "commands": [
    "transfer",
    "archive",
    "registry",
    "credentials",
    "runtimes",
    "state",
    "layout",
    "server",
    "spec",
    "util",
    "errors",
    "version",
  ],
  "cli": [
    "commands",
    "util",
    "errors",
    "version",
    "lib/transfer/events.ts",
    "lib/transfer/push/plan_push.ts",
    "lib/transfer/progress/progress_model.ts",
    "lib/transfer/progress/report.ts",
  ],
  "mod": [
    "commands",
    "transfer",
    "archive",
    "registry",
    "credentials",
    "runtimes",
    "state",
    "layout",
    "server",
    "spec",
    "util",
    "errors",
    "version",
  ],
  "main": ["cli"],
};

/** Where each package may be imported; one that is not listed may be imported nowhere in the program. */
const PACKAGES: Record<string, { where: RegExp; isLazy?: boolean }> = {
  "@commander-js/extra-typings": { where: /^lib\/cli\/tree\// },
  // It takes 85 ms to load, and most runs ask nothing.
  "@clack/prompts": { where: /^lib\/cli\/prompts\.ts$/, isLazy: true },
  "valibot": { where: /^lib\/(spec|state|layout|server|registry|credentials|runtimes)\// },
  "yaml": { where: /^lib\/(state|commands)\//, isLazy: true },
  // Built-in modules of Node take 15 to 50 ms each to load.
  "node:crypto": {
    where: /^lib\/(util\/(?:sha256|hash_worker)|registry\/connection\/own_certificate)\.ts$/,
    isLazy: true,
  },
  "node:net": { where: /^lib\/registry\/connection\/(tls_relay|proxy_tunnel)\.ts$/, isLazy: true },
  "node:tls": {
    where: /^lib\/registry\/connection\/(tls_relay|proxy_tunnel|machine_certificates)\.ts$/,
    isLazy: true,
  },
  "node:zlib": { where: /^lib\/(archive\/|util\/compress)/, isLazy: true },
  "node:process": { where: /^lib\/cli\/prompts\.ts$/, isLazy: true },
};

/**
 * Checks the directions between layers.
 *
 * @param edges All imports.
 * @returns What is wrong, one line each, naming file and rule.
 */
export function layerFaults(edges: readonly ImportEdge[]): string[] {
  return edges.flatMap(({ from, to }) => {
    if (!to.startsWith("lib/") && to !== "main.ts") return [];
    const allowed = LAYERS[layerOf(from)];
    if (!allowed) return [`${from}: "${layerOf(from)}" is not a layer`];
    if (layerOf(from) === layerOf(to) || allowed.includes(layerOf(to)) || allowed.includes(to)) return [];
    return [`${from}: ${layerOf(from)} must not import ${layerOf(to)}, but imports ${to}`];
  });
}

/**
 * Checks where packages are imported, and that slow ones are imported by `import()`.
 *
 * @param edges All imports.
 * @returns What is wrong, one line each, naming file and rule.
 */
export function packageFaults(edges: readonly ImportEdge[]): string[] {
  return edges.flatMap(({ from, to, isDynamic, isTypeOnly }) => {
    if (to.startsWith("lib/") || to === "main.ts") return [];
    const rule = PACKAGES[to];
    if (!rule) return [`${from}: "${to}" is not a package that the program may import`];
    if (!rule.where.test(from)) return [`${from}: "${to}" may be imported in ${rule.where.source} only`];
    if (rule.isLazy && !isDynamic && !isTypeOnly) return [`${from}: "${to}" must be imported by import()`];
    return [];
  });
}

function layerOf(path: string): string {
  const [first = "", second = ""] = path.split("/");
  return first === "main.ts" ? "main" : second.replace(/\.ts$/, "");
}
