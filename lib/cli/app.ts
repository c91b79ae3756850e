import type { Settings } from "./command_runner.ts";
import { errorText, jsonText } from "./view/error_view.ts";
import { exitCodeOf } from "./exit_codes.ts";
import type { Host } from "./host.ts";
import { defineCompletions } from "./tree/completions_command.ts";
import { defineCache } from "./tree/cache_command.ts";
import { defineCopy } from "./tree/copy_command.ts";
import { defineHistory } from "./tree/history_command.ts";
import { defineInspect } from "./tree/inspect_command.ts";
import { defineLogin } from "./tree/login_command.ts";
import { defineLogout } from "./tree/logout_command.ts";
import { type CommandDescription, describeCommand } from "./tree/describe_command.ts";
import { type CommandLine, createProgram, parseProgram, type Program } from "./tree/program.ts";
import { definePull } from "./tree/pull_command.ts";
import { definePush } from "./tree/push_command.ts";
import { defineSave } from "./tree/save_command.ts";
import { defineServe } from "./tree/serve_command.ts";
import { defineVerify } from "./tree/verify_command.ts";
import { terminalStyle } from "./terminal_style.ts";

/** In the order of the help. */
const COMMANDS = [
  definePush,
  definePull,
  defineCopy,
  defineSave,
  defineInspect,
  defineVerify,
  defineServe,
  defineCache,
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
    let settings: Settings = { sources: [] };
    const program = defineProgram(host, args, async (work, options) => {
      const { runCommand } = await import("./command_runner.ts");
      await runCommand(work, options, { host, settings });
    });
    program.hook("preAction", async (_, command) => {
      const { readSettings } = await import("./tree/read_settings.ts");
      settings = await readSettings(command, host);
    });
    return await parseProgram(program, args);
  } catch (error) {
    host.stderr.write(failureText(error, args, host));
    return exitCodeOf(error);
  }
}

/**
 * Describes the program for whoever documents it.
 *
 * @param host Not written to.
 * @returns The command tree.
 */
export function describeProgram(host: Host): CommandDescription {
  return describeCommand(defineProgram(host, [], () => Promise.resolve()));
}

function defineProgram(host: Host, args: readonly string[], run: CommandLine["run"]): Program {
  const program = createProgram(host, args);
  for (const define of COMMANDS) define({ program, host, args, run });
  return program;
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
