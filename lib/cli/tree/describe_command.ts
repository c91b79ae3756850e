import type { Argument, CommandUnknownOpts, Option } from "@commander-js/extra-typings";

/** A command as help, completions and manuals show it: plain data, without the parser. */
export interface CommandDescription {
  /** Names from the root on, which is not among them: `["cache", "ls"]`; empty for the root. */
  path: readonly string[];
  /** How it is called, for example `docker-image-pusher push [options] <archives...>`. */
  usage: string;
  /** What it does, in a few words. */
  summary: string;
  /** What it does, in sentences. */
  description: string;
  /** What it takes beside options. */
  arguments: readonly ArgumentDescription[];
  /** Its own options; commands below it take them, too. */
  options: readonly OptionDescription[];
  /** Command lines that show it at work. */
  examples: readonly string[];
  /** Commands below it. */
  commands: readonly CommandDescription[];
}

/** What a command takes beside options. */
export interface ArgumentDescription {
  /** What stands for it in help, for example `archives`; the names of what it may be are separated by `|`. */
  name: string;
  /** What it is. */
  description: string;
  /** The only values it may have, if there are such. */
  choices: readonly string[];
  /** Whether there may be several. */
  isVariadic: boolean;
}

/** An option. */
export interface OptionDescription {
  /** With its dashes, for example `--target`. */
  long: string;
  /** With its dash, for example `-t`, if it has one. */
  short: string | undefined;
  /** What stands for its value in help, for example `reference`; absent for a switch. */
  value: string | undefined;
  /** What it is for. */
  description: string;
  /** The only values it may have, if there are such. */
  choices: readonly string[];
  /** Heading it is under. */
  group: string;
  /** Whether it may be given several times. */
  isRepeatable: boolean;
}

/**
 * Describes a command and all below it.
 *
 * @param command A command.
 * @param path Names from the root on, which is not among them; empty for the root.
 * @returns The description, without what is hidden.
 */
export function describeCommand(
  command: CommandUnknownOpts,
  path: readonly string[] = [],
): CommandDescription {
  const help = command.createHelp();
  // Help is an option of the root, which every command takes.
  const options = path.length === 0 ? help.visibleOptions(command) : command.options;
  return {
    path,
    usage: help.commandUsage(command),
    summary: command.summary(),
    description: command.description(),
    arguments: command.registeredArguments.map(describeArgument),
    options: options.filter(({ hidden }) => !hidden).map(describeOption),
    examples: examplesOf(command),
    commands: help.visibleCommands(command).map((each) => describeCommand(each, [...path, each.name()])),
  };
}

function describeArgument(argument: Argument): ArgumentDescription {
  return {
    name: argument.name(),
    description: argument.description,
    choices: argument.argChoices ?? [],
    isVariadic: argument.variadic,
  };
}

function describeOption(option: Option): OptionDescription {
  const { description } = option;
  return {
    long: option.long!,
    short: option.short,
    value: /[<[]([^>\]]+)[>\]]/.exec(option.flags)?.[1],
    description,
    choices: option.argChoices ?? [],
    group: (option.helpGroupHeading ?? "").replace(/:$/, ""),
    isRepeatable: description.includes("(repeatable)"),
  };
}

/** The parser knows examples only as text below the help. */
function examplesOf(command: CommandUnknownOpts): string[] {
  const output = command.configureOutput();
  let help = "";
  command.configureOutput({ writeOut: (text) => void (help += text) }).outputHelp();
  command.configureOutput(output);
  return [...help.matchAll(/^ {2}\$ (.+)$/gm)].map(([, example]) => example!);
}
