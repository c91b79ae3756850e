const DEFAULT_REGISTRY = "https://registry.npmjs.org/";

/**
 * Finds the registry that packages come from, as npm does: environment, the user's `.npmrc`, the public one.
 *
 * @param env Reads a variable.
 * @param readText Reads a file.
 * @returns Its address, ending in a slash.
 */
export async function findNpmRegistry(
  env: (name: string) => string | undefined = (name) => Deno.env.get(name),
  readText: (path: string) => Promise<string> = (path) => Deno.readTextFile(path),
): Promise<string> {
  const home = env("HOME") ?? env("USERPROFILE") ?? "";
  const npmrc = await readText(env("NPM_CONFIG_USERCONFIG") ?? `${home}/.npmrc`).catch(() => "");
  const [, configured] = /^\s*registry\s*=\s*"?([^\s"]+)/m.exec(npmrc) ?? [];
  const registry = env("NPM_CONFIG_REGISTRY") ?? env("npm_config_registry") ?? configured ?? DEFAULT_REGISTRY;
  return registry.endsWith("/") ? registry : `${registry}/`;
}
