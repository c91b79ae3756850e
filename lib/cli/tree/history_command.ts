import { PusherError } from "../../errors.ts";
import { printable } from "../../util/printable.ts";
import type { CommandLine } from "./program.ts";

const DEFAULT_LIMIT = 20;

/**
 * Defines `history`.
 *
 * @param commandLine Where to add it, and how to run it.
 */
export function defineHistory({ program, run }: CommandLine): void {
  program.command("history")
    .summary("list past pushes")
    .description(
      "Lists what was pushed with this state directory, the newest first: when, which image, where to, and the " +
        "digest. The last 200 pushes are remembered.",
    )
    .optionsGroup("History options:")
    .option("-n, --limit <number>", `show at most this many (default: ${DEFAULT_LIMIT})`, parseLimit)
    .addHelpText(
      "after",
      `
Examples:
  $ docker-image-pusher history
  $ docker-image-pusher history --limit 1 --json | jq -r '.pushes[0].target'`,
    )
    .action(async (_, command) => {
      const options = command.optsWithGlobals();
      await run(async (context) => {
        const { history } = await import("../../commands/history.ts");
        const { historyOutcome } = await import("../view/history_view.ts");
        const { limit = DEFAULT_LIMIT, stateDir } = options;
        return historyOutcome(await history({ limit, stateDir }, context));
      }, options);
    });
}

function parseLimit(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new PusherError("USAGE", `Cannot use --limit "${printable(text)}": it is not a whole number from 1`, {
    detail: { option: "--limit" },
    hint: "Give how many pushes to show, such as 50.",
  });
}
