import type { CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import { besideConfig, type Config, type FlagDefault } from "../../commands/read_config.ts";
import { PusherError } from "../../errors.ts";
import { printable } from "../../util/printable.ts";

/** Flags that are about one run, hold secrets, or decide where the configuration is. */
const NO_DEFAULTS: ReadonlySet<string> = new Set([
  "config",
  "stateDir",
  ...["username", "srcUsername", "destUsername"],
  ...["password", "srcPassword", "destPassword"],
  ...["passwordStdin", "srcPasswordStdin", "destPasswordStdin"],
  "target",
  "help",
  "version",
]);

/**
 * Gives flags that the command line does not have the values of the configuration file.
 *
 * @param command The command that is run; what the file says of flags of others is checked all the same.
 * @param config The configuration file.
 * @returns Where each flag's value came from, one line for each.
 * @throws {PusherError} `CONFIG_INVALID` with the line if there is no such flag, or the value is none for it.
 */
export function applyConfig(command: CommandUnknownOpts, config: Config): string[] {
  const root = rootOf(command);
  for (const flag of config.flags) {
    const owners = [root, ...root.commands].filter((each) => optionOf(each, flag.name));
    if (owners.length === 0 || NO_DEFAULTS.has(flag.name)) {
      throw invalid(config, flag, "it is no flag that can have a default");
    }
    for (const owner of owners) {
      const value = parseValue(optionOf(owner, flag.name)!, flag, config);
      const isFree = owner.getOptionValueSource(flag.name) !== "cli";
      if (isFree) owner.setOptionValueWithSource(flag.name, value, `${config.path}, line ${flag.line}`);
    }
  }
  return [...sources(root), ...root === command ? [] : sources(command)];
}

function rootOf(command: CommandUnknownOpts): CommandUnknownOpts {
  return command.parent ? rootOf(command.parent) : command;
}

function optionOf(command: CommandUnknownOpts, name: string): Option | undefined {
  return command.options.find((option) => option.attributeName() === name);
}

/** The value as the command line would give it. */
function parseValue(option: Option, flag: FlagDefault, config: Config): unknown {
  const { value } = flag;
  const isSwitch = !option.required && !option.optional;
  if (isSwitch !== (typeof value === "boolean")) {
    throw invalid(config, flag, isSwitch ? "it should be true or false" : "it needs a value");
  }
  if (isSwitch) return value;
  const parse = option.parseArg;
  const isPath = /<(?:dir|file)>$/.test(option.flags);
  try {
    return [value].flat().reduce<unknown>((previous, each) => {
      const text = isPath ? besideConfig(String(each), config.path) : String(each);
      return parse ? parse.call(option, text, previous) : text;
    }, undefined);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw invalid(config, flag, reason.replace(/^Cannot use --\S+ ".*": |\.$/g, ""));
  }
}

function sources(command: CommandUnknownOpts): string[] {
  return command.options.flatMap((option) => {
    const source = command.getOptionValueSource(option.attributeName());
    return source === undefined || source === "default"
      ? []
      : [`${option.long}: ${source === "cli" ? "command line" : source}`];
  });
}

function invalid({ path }: Config, { name, line }: FlagDefault, reason: string): PusherError {
  return new PusherError(
    "CONFIG_INVALID",
    printable(`Cannot use defaults.${name} in "${path}", line ${line}: ${reason}`),
    {
      detail: { path, line },
      hint: "Names are those of the flags in camel case: --limit-rate is limitRate.",
    },
  );
}
