import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import type { GlobalOptions, Settings } from "./command_runner.ts";
import { errorText, jsonText } from "./view/error_view.ts";
import { exitCodeOf } from "./exit_codes.ts";
import type { Host } from "./host.ts";
import { defineCompletions } from "./tree/completions_command.ts";
import { defineHistory } from "./tree/history_command.ts";
import { defineInspect } from "./tree/inspect_command.ts";
import { defineLogin } from "./tree/login_command.ts";
import { defineLogout } from "./tree/logout_command.ts";
import { type CommandLine, createProgram, parseProgram } from "./tree/program.ts";
import { definePull } from "./tree/pull_command.ts";
import { definePush } from "./tree/push_command.ts";
import { defineSave } from "./tree/save_command.ts";
import { defineServe } from "./tree/serve_command.ts";
import { terminalStyle } from "./terminal_style.ts";

/** In the order of the help. */
const COMMANDS = [
  definePush,
  definePull,
  defineSave,
  defineInspect,
  defineServe,
  defineHistory,
  defineLogin,
  defineLogout,
  defineCompletions,
];

/**
 * Runs the program.
 *
 * @param args Arguments, without the program's name.
 * @param host Everything outside.
 * @returns The exit code. It never throws: what fails is shown on standard error.
 */
export async function runCli(args: readonly string[], host: Host): Promise<number> {
  try {
    const program = createProgram(host);
    let settings: Settings = { sources: [] };
    program.hook("preAction", async (_, command) => {
      settings = await readSettings(command, host);
    });
    const run: CommandLine["run"] = async (work, options) => {
      const { runCommand } = await import("./command_runner.ts");
      await runCommand(work, options, { host, settings });
    };
    for (const define of COMMANDS) define({ program, host, args, run });
    return await parseProgram(program, args);
  } catch (error) {
    host.stderr.write(failureText(error, args, host));
    return exitCodeOf(error);
  }
}

/** Only a command that is run needs the configuration: help does not. */
async function readSettings(command: CommandUnknownOpts, host: Host): Promise<Settings> {
  const { readConfig } = await import("../commands/read_config.ts");
  const { config: path, stateDir }: GlobalOptions = command.optsWithGlobals();
  const config = await readConfig({ config: path, stateDir, env: (name) => host.env(name) });
  if (!config) return { sources: [] };
  const { applyConfig } = await import("./apply_config.ts");
  return { config, sources: applyConfig(command, config) };
}

/** A command line with a mistake in it is not parsed, but may still say how its failure is to be shown. */
function failureText(error: unknown, args: readonly string[], host: Host): string {
  const options = { platform: host.platform, debug: args.includes("--debug") };
  const hasEvents = /(?:^| )--progress[ =]json(?: |$)/.test(args.join(" "));
  if (hasEvents || args.includes("--json")) {
    return jsonText({ error: asError(error) }, { ...options, indent: hasEvents ? 0 : 2 });
  }
  return errorText(error, { ...options, color: terminalStyle(host, host.stderr).color });
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
