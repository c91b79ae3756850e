import type { CommandDescription, OptionDescription } from "../../lib/cli/tree/describe_command.ts";
import { ENVIRONMENT, EXIT_STATUSES } from "../../lib/cli/tree/help_topics.ts";

/**
 * Writes the reference of all commands.
 *
 * @param root The command tree.
 * @param commands What has a section, in order.
 * @returns Markdown.
 */
export function commandReference(root: CommandDescription, commands: readonly CommandDescription[]): string {
  return [
    "# Commands",
    "",
    "Made by `deno task docs` from the command tree. `docker-image-pusher COMMAND --help` and the pages in " +
    "[man/](man/) say the same.",
    "",
    ...commands.flatMap(section),
    "## All commands",
    "",
    ...optionTable(root.options),
    "Environment:",
    "",
    ...ENVIRONMENT.map(([names, meaning]) => `- \`${names.replaceAll(", ", "`, `")}\`: ${meaning}`),
    "",
    "Exit codes:",
    "",
    ...EXIT_STATUSES.map(([code, meaning]) => `- ${code}: ${meaning}`),
    "",
  ].join("\n");
}

function section(
  { path, usage, description, arguments: args, options, examples }: CommandDescription,
): string[] {
  return [
    `## ${path.join(" ")}`,
    "",
    "```",
    usage,
    "```",
    "",
    description,
    "",
    ...args.map((each) => `- \`${each.name}\`: ${withChoices(each)}`),
    ...(args.length > 0 ? [""] : []),
    ...optionTable(options),
    "```sh",
    ...examples,
    "```",
    "",
  ];
}

function optionTable(options: readonly OptionDescription[]): string[] {
  if (options.length === 0) return [];
  const rows = options.map((option) => {
    const { short, long, value } = option;
    const written = `${short ? `${short}, ` : ""}${long}${value ? ` <${value}>` : ""}`;
    return `| ${cell(`\`${written}\``)} | ${cell(withChoices(option))} |`;
  });
  return ["| option | effect |", "| --- | --- |", ...rows, ""];
}

function withChoices({ description, choices }: { description: string; choices: readonly string[] }): string {
  return choices.length > 0
    ? `${description}: ${choices.map((choice) => `\`${choice}\``).join(", ")}`
    : description;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
