import { KNOWN_VALUES } from "../completion/value_source.ts";
import { describeCommand } from "./describe_command.ts";
import type { CommandLine } from "./program.ts";

const SHELLS = ["bash", "zsh", "fish", "powershell"] as const;

/**
 * Defines `completions`, and the hidden command that its scripts ask for values.
 *
 * @param commandLine Where to add them, and how to run them.
 */
export function defineCompletions({ program, run }: CommandLine): void {
  program.command("completions")
    .summary("print a completion script for a shell")
    .description(
      "Prints a script that completes commands, options, their values, archives, local images, known registries " +
        "and past targets.",
    )
    .addArgument(program.createArgument("<shell>", "which shell it is for").choices(SHELLS))
    .addHelpText(
      "after",
      `
Examples:
  $ docker-image-pusher completions zsh > ~/.zfunc/_docker-image-pusher
  $ docker-image-pusher completions fish | source
  $ source <(docker-image-pusher completions bash)
  $ docker-image-pusher completions powershell >> $PROFILE`,
    )
    .action(async (shell, _, command) => {
      await run(async () => {
        const { completionScript } = await import("../completion/completion_script.ts");
        const script = completionScript(shell, describeCommand(program));
        return { report: { shell, script }, lines: [script.trimEnd()] };
      }, command.optsWithGlobals());
    });

  program.command("__complete", { hidden: true })
    .addArgument(program.createArgument("<source>").choices(KNOWN_VALUES))
    .action(async (source, _, command) => {
      const { stateDir } = command.optsWithGlobals();
      await run(async (context) => {
        const { knownValues } = await import("../../commands/known_values.ts");
        // Nobody reads an error in the middle of a line that is typed.
        const values = await knownValues({ source, stateDir }, context).catch(() => []);
        return { report: values, lines: values };
      }, { quiet: true });
    });
}
