import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import type { GlobalOptions, Settings } from "../command_runner.ts";
import type { Host } from "../host.ts";

/**
 * Reads the configuration file, and gives a command's flags the values it has. Only a command that is run needs it:
 * help does not.
 *
 * @param command The command that is run, its command line parsed.
 * @param host Whose environment says where the file is.
 * @returns The configuration, and where flags have their values from.
 * @throws {PusherError} `CONFIG_INVALID`, `STATE_UNREADABLE`.
 */
export async function readSettings(command: CommandUnknownOpts, host: Host): Promise<Settings> {
  const { readConfig } = await import("../../commands/read_config.ts");
  const { config: path, stateDir }: GlobalOptions = command.optsWithGlobals();
  const config = await readConfig({ config: path, stateDir, env: (name) => host.env(name) });
  if (!config) return { sources: [] };
  const { applyConfig } = await import("./apply_config.ts");
  return { config, sources: applyConfig(command, config) };
}
