import type { CommandDescription, OptionDescription } from "../tree/describe_command.ts";
import { type Values, valuesOf } from "./value_source.ts";

/** What can be completed behind a command. */
export interface CompletionEntry {
  /** Names from the root on, with blanks between; empty for the root. */
  path: string;
  /** Commands below it. */
  commands: readonly CompletionWord[];
  /** Its options and those it inherits. */
  options: readonly CompletionOption[];
  /** Values of its arguments, in order. */
  arguments: readonly CompletionArgument[];
}

/** A word, and what it is for. */
export interface CompletionWord {
  /** What is typed. */
  word: string;
  /** What it is for, in one line. */
  description: string;
}

/** An option as it is completed. */
export interface CompletionOption extends OptionDescription {
  /** What its value can be; absent for a switch. */
  values: Values | undefined;
  /** Whether it comes from the root, and so stands behind every command. */
  isGlobal: boolean;
}

/** An argument as it is completed. */
export interface CompletionArgument {
  /** What stands for it in help. */
  name: string;
  /** What it can be. */
  values: Values;
  /** Whether there may be several. */
  isVariadic: boolean;
}

/**
 * Lays a command tree out for completion.
 *
 * @param root The tree.
 * @returns An entry for each command, the root first.
 */
export function completionTable(root: CommandDescription): CompletionEntry[] {
  const names = root.commands.map(({ path }) => path.at(-1)!);
  const valuesOfArgument = (name: string, choices: readonly string[]): Values =>
    name === "command" ? { sources: [], words: names } : valuesOf(name, choices);

  const entriesOf = (
    command: CommandDescription,
    inherited: readonly CompletionOption[],
  ): CompletionEntry[] => {
    const isGlobal = command.path.length === 0;
    const own = command.options.map((option) => ({
      ...option,
      values: option.value === undefined ? undefined : valuesOf(option.value, option.choices),
      isGlobal,
    }));
    const options = [...own, ...inherited];
    return [
      {
        path: command.path.join(" "),
        commands: command.commands.map(({ path, summary, description }) => (
          { word: path.at(-1)!, description: summary || description }
        )),
        options,
        arguments: command.arguments.map(({ name, choices, isVariadic }) => (
          { name, values: valuesOfArgument(name, choices), isVariadic }
        )),
      },
      ...command.commands.flatMap((each) => entriesOf(each, options)),
    ];
  };
  return entriesOf(root, []);
}

/**
 * Puts parts into a script.
 *
 * @param template The script, with `@NAME@` where parts belong.
 * @param parts By name; each is in the template.
 * @returns The script.
 */
export function fillTemplate(template: string, parts: Readonly<Record<string, string>>): string {
  return template.replace(/@([A-Z_]+)@/g, (_, name) => parts[name]!);
}

/**
 * The ways to write an option.
 *
 * @param option The option.
 * @returns With dashes, the short one first.
 */
export function spellings({ short, long }: Pick<OptionDescription, "short" | "long">): string[] {
  return short === undefined ? [long] : [short, long];
}

/**
 * Text in single quotes, for the shells of POSIX.
 *
 * @param text Any text.
 * @returns The text as one word that nothing is expanded in.
 */
export function singleQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
