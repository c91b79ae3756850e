const DEFAULT_REGISTRY = "https://registry.npmjs.org/";

/** Where packages come from. */
export interface NpmRegistry {
  /** Its address, ending in a slash. */
  url: string;
  /** What requests to it say in the header `Authorization`, if it is private. */
  authorization?: string;
}

/**
 * Finds the registry that the packages of Deno come from, as npm does: environment, the user's `.npmrc`, the public
 * one. A login counts for the registry it is configured for, and for no other.
 * See <https://docs.npmjs.com/cli/configuring-npm/npmrc>.
 *
 * @param env Variables.
 * @param readText Reads a file.
 * @returns The registry.
 */
export async function findNpmRegistry(
  env: Readonly<Record<string, string>> = Deno.env.toObject(),
  readText: (path: string) => Promise<string> = (path) => Deno.readTextFile(path),
): Promise<NpmRegistry> {
  const variables = variableSettings(env);
  const path = variables.get("userconfig") ?? `${env["HOME"] ?? env["USERPROFILE"] ?? ""}/.npmrc`;
  const settings = new Map([...fileSettings(await readText(path).catch(() => ""), env), ...variables]);
  const configured = settings.get("@deno:registry") ?? settings.get("registry") ?? DEFAULT_REGISTRY;
  const url = new URL(configured.endsWith("/") ? configured : `${configured}/`);
  const authorization = authorizationFor(url, settings);
  return { url: url.href, ...authorization === undefined ? {} : { authorization } };
}

function variableSettings(env: Readonly<Record<string, string>>): Map<string, string> {
  return new Map(
    Object.entries(env).flatMap(([name, value]) => {
      const [, key] = /^npm_config_(.+)$/i.exec(name) ?? [];
      if (key === undefined) return [];
      return [[key.startsWith("//") ? key : key.toLowerCase(), value]];
    }),
  );
}

function fileSettings(npmrc: string, env: Readonly<Record<string, string>>): Map<string, string> {
  return new Map(
    Array.from(
      npmrc.matchAll(/^[ \t]*([^\s;#=][^\s=]*)[ \t]*=[ \t]*"?([^\r\n]*?)"?[ \t]*\r?$/gm),
      ([, key = "", value = ""]) => [key, value.replace(/\$\{(\w+)\}/g, (all, name) => env[name] ?? all)],
    ),
  );
}

/** A login is kept for a host or for a path below it; the longest counts. */
function authorizationFor(
  { host, pathname }: URL,
  settings: ReadonlyMap<string, string>,
): string | undefined {
  for (let place = pathname; place !== ""; place = place.replace(/[^/]*\/$/, "")) {
    const token = settings.get(`//${host}${place}:_authToken`);
    if (token !== undefined) return `Bearer ${token}`;
    const login = settings.get(`//${host}${place}:_auth`);
    if (login !== undefined) return `Basic ${login}`;
  }
  return undefined;
}
