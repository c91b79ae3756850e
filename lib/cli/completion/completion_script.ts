import type { CommandDescription } from "../tree/describe_command.ts";
import { bashCompletion } from "./bash_completion.ts";
import { type CompletionEntry, completionTable } from "./completion_table.ts";
import { fishCompletion } from "./fish_completion.ts";
import { powershellCompletion } from "./powershell_completion.ts";
import { zshCompletion } from "./zsh_completion.ts";

/** A shell that completions are written for. */
export type Shell = "bash" | "zsh" | "fish" | "powershell";

const WRITERS: Readonly<Record<Shell, (entries: readonly CompletionEntry[]) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
  powershell: powershellCompletion,
};

/**
 * Writes the completion script for a shell.
 *
 * @param shell Which.
 * @param root The command tree.
 * @returns The script.
 */
export function completionScript(shell: Shell, root: CommandDescription): string {
  return WRITERS[shell](completionTable(root));
}
