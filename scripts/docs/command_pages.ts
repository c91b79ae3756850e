import { describeProgram } from "../../lib/cli/app.ts";
import { denoHost } from "../../lib/cli/host.ts";
import type { CommandDescription } from "../../lib/cli/tree/describe_command.ts";
import { VERSION } from "../../lib/version.ts";
import { commandReference } from "./command_reference.ts";
import { manPage, pageName } from "./man_page.ts";

/**
 * Writes the pages that are made of the command tree.
 *
 * @returns Contents by path in the project.
 */
export function commandPages(): Map<string, string> {
  const root = describeProgram(denoHost());
  const commands = documentedCommands(root);
  const pages = [root, ...commands];
  return new Map([
    ["docs/commands.md", commandReference(root, commands)],
    ...pages.map((command) =>
      [`docs/man/${pageName(command)}.1`, manPage(command, { version: VERSION, pages })] as const
    ),
  ]);
}

/**
 * Commands that do something, other than to show help or to hold commands.
 *
 * @param command Where to look.
 * @returns All below it, in the order of the help.
 */
export function documentedCommands(command: CommandDescription): CommandDescription[] {
  return command.commands.filter(({ path }) => path.at(-1) !== "help")
    .flatMap((each) => each.commands.length > 0 ? documentedCommands(each) : [each]);
}
