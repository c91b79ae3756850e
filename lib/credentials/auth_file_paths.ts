import type { Environment } from "../util/environment.ts";

/**
 * Where docker keeps its logins: `config.json` in `DOCKER_CONFIG`, else in `~/.docker`.
 *
 * @param env Environment variables.
 * @returns The path, whether there is a file or not; `undefined` without a home.
 */
export function dockerConfigPath(env: Environment): string | undefined {
  const home = homeOf(env);
  const directory = env("DOCKER_CONFIG") || (home && `${home}/.docker`);
  return directory && `${directory}/config.json`;
}

/**
 * Where podman, skopeo and buildah look for logins, docker's own file left out: `REGISTRY_AUTH_FILE`, else the file
 * that is gone after a reboot, then the one that stays.
 *
 * @param env Environment variables.
 * @returns Paths, whether there are files or not.
 * @see https://github.com/containers/image/blob/main/docs/containers-auth.json.5.md
 */
export async function podmanAuthPaths(env: Environment): Promise<string[]> {
  const named = env("REGISTRY_AUTH_FILE");
  if (named) return [named];
  const home = homeOf(env);
  const runtime = env("XDG_RUNTIME_DIR");
  const config = env("XDG_CONFIG_HOME") || (home && `${home}/.config`);
  const directories = [
    runtime ? `${runtime}/containers` : await runtimeDirectory(home),
    config && `${config}/containers`,
  ];
  return directories.flatMap((directory) => directory ? [`${directory}/auth.json`] : []);
}

/** Podman goes by the user's number, which Deno tells with a permission of its own only; the home is the user's. */
async function runtimeDirectory(home: string | undefined): Promise<string | undefined> {
  if (Deno.build.os !== "linux" || !home) return undefined;
  const info = await Deno.stat(home).catch(() => undefined);
  return info && info.uid !== null ? `/run/containers/${info.uid}` : undefined;
}

function homeOf(env: Environment): string | undefined {
  return env("HOME") || env("USERPROFILE");
}
