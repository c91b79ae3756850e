import type { CommandDescription, OptionDescription } from "../../lib/cli/tree/describe_command.ts";
import { ENVIRONMENT, EXIT_STATUSES } from "../../lib/cli/tree/help_topics.ts";

const NAME = "docker-image-pusher";

/**
 * Writes the manual page of a command.
 *
 * @param command The command; the root's page has options of all commands, environment and exit codes.
 * @param options The other pages.
 * @param options.version Of the program.
 * @param options.pages Commands that have pages.
 * @returns Macros of man(7).
 */
export function manPage(
  command: CommandDescription,
  { version, pages }: { version: string; pages: readonly CommandDescription[] },
): string {
  const name = pageName(command);
  const isRoot = command.path.length === 0;
  const summary = isRoot ? "move container images between archives and registries" : command.summary;
  const others = pages.map(pageName).filter((page) => page !== name);
  return [
    `.TH ${roff(name.toUpperCase())} 1 "" ${argument(`${NAME} ${version}`)} "User Commands"`,
    ".SH NAME",
    `${roff(name)} \\- ${roff(summary)}`,
    ".SH SYNOPSIS",
    `.B ${roff([NAME, ...command.path].join(" "))}`,
    roff(command.usage.slice([NAME, ...command.path].join(" ").length + 1)),
    ".SH DESCRIPTION",
    roff(command.description),
    ...(isRoot ? commandList(command) : []),
    ...argumentList(command),
    ...optionGroups(command.options),
    ...(isRoot ? [...table("ENVIRONMENT", ENVIRONMENT), ...table("EXIT STATUS", EXIT_STATUSES)] : []),
    ".SH EXAMPLES",
    ".nf",
    ...command.examples.map(roff),
    ".fi",
    ".SH SEE ALSO",
    others.map((page) => `.BR ${roff(page)} (1)`).join(" ,\n"),
    "",
  ].join("\n");
}

/**
 * The name of a command's page.
 *
 * @param command The command.
 * @returns For example `docker-image-pusher-push`.
 */
export function pageName({ path }: CommandDescription): string {
  return [NAME, ...path].join("-");
}

function commandList({ commands }: CommandDescription): string[] {
  return [
    ".SH COMMANDS",
    ...commands.filter(({ summary }) => summary).flatMap((
      { path, summary },
    ) => [".TP", `.B ${roff(path.join(" "))}`, roff(summary)]),
    ".PP",
    "Each has a page of its own, and tells its options with",
    ".BR \\-\\-help .",
  ];
}

function argumentList({ arguments: args }: CommandDescription): string[] {
  if (args.length === 0) return [];
  return [
    ".SH ARGUMENTS",
    ...args.flatMap(({ name, description, choices }) => [
      ".TP",
      `.I ${roff(name)}`,
      roff(withChoices(description, choices)),
    ]),
  ];
}

function optionGroups(options: readonly OptionDescription[]): string[] {
  const groups = Object.entries(Object.groupBy(options, ({ group }) => group));
  return groups.flatMap(([group, members = []]) => [
    `.SH ${argument(group.toUpperCase())}`,
    ...members.flatMap(({ short, long, value, description, choices }) => [
      ".TP",
      `\\fB${roff(short ? `${short}, ${long}` : long)}\\fR${value ? ` \\fI${roff(value)}\\fR` : ""}`,
      roff(withChoices(description, choices)),
    ]),
  ]);
}

function withChoices(description: string, choices: readonly string[]): string {
  return choices.length > 0 ? `${description}: ${choices.join(", ")}` : description;
}

function table(title: string, rows: readonly (readonly [string | number, string])[]): string[] {
  return [
    `.SH ${argument(title)}`,
    ...rows.flatMap(([key, text]) => [".TP", `.B ${roff(String(key))}`, roff(text)]),
  ];
}

/** Text as it is: minus signs stay minus signs, and nothing at the start of a line is taken for a request. */
function roff(text: string): string {
  return text.replace(/\\/g, "\\e").replace(/-/g, "\\-").replace(/^(?=[.'])/gm, "\\&");
}

function argument(text: string): string {
  return `"${roff(text).replaceAll('"', '""')}"`;
}
