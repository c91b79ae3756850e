import type { Config } from "../state/config.ts";
import { resolveStateDirectory } from "../state/state_directory.ts";

export type { Config, FlagDefault, HostConfig } from "../state/config.ts";
export { besideConfig } from "../state/config.ts";

/** Where to look for a configuration file. */
export interface ConfigOptions {
  /** Where it is, if the user named one. */
  config?: string | undefined;
  /** The state directory, if the user named one. */
  stateDir?: string | undefined;
  /** Environment variables. */
  env: (name: string) => string | undefined;
}

/**
 * Reads the user's configuration: the file that is named, else `config.yaml` in the state directory.
 *
 * @param options Where to look.
 * @returns The configuration, `undefined` if no file is named and there is none.
 * @throws {PusherError} `CONFIG_INVALID` if it cannot be read, or holds what it should not.
 */
export async function readConfig(options: ConfigOptions): Promise<Config | undefined> {
  const path = options.config ?? await findConfig(options);
  if (path === undefined) return undefined;
  const { readConfigFile } = await import("../state/config_file.ts");
  return await readConfigFile(path);
}

async function findConfig({ stateDir: flag, env }: ConfigOptions): Promise<string | undefined> {
  try {
    const path = `${await resolveStateDirectory({ flag, env, cwd: Deno.cwd() })}/config.yaml`;
    await Deno.lstat(path);
    return path;
  } catch {
    // No such file, or no place for state: the command says so if it needs one.
    return undefined;
  }
}
