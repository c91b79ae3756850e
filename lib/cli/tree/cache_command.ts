import { PusherError } from "../../errors.ts";
import { printable } from "../../util/printable.ts";
import type { CommandLine } from "./program.ts";

const UNIT_MS: Readonly<Record<string, number>> = {
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

const DURATION_REGEXP = /^(\d{1,6})([mhdw])$/;

/**
 * Defines `cache` and its commands.
 *
 * @param commandLine Where to add it, and how to run it.
 */
export function defineCache({ program, run }: CommandLine): void {
  const cache = program.command("cache")
    .summary("show or empty the cache of what was pulled")
    .description(
      "What was pulled is kept in cache/ of the state directory: an OCI image layout, which skopeo and others " +
        "read, too (skopeo inspect oci:DIRECTORY:NAME).",
    );
  cache.command("ls")
    .summary("list images and blobs")
    .description(
      "Lists the images that are kept: name, digest, size, and when they were used last; then blobs of none.",
    )
    .addHelpText(
      "after",
      `
Examples:
  $ docker-image-pusher cache ls
  $ docker-image-pusher cache ls --json`,
    )
    .action(async (_, command) => {
      const options = command.optsWithGlobals();
      await run(async (context) => {
        const { listCache } = await import("../../commands/cache.ts");
        const { cacheListOutcome } = await import("../view/cache_view.ts");
        return cacheListOutcome(await listCache({ stateDir: options.stateDir }, context));
      }, options);
    });
  cache.command("prune")
    .summary("remove what is not needed")
    .description(
      "Removes blobs that belong to no image, and halves of blobs. What another process is using stays.",
    )
    .optionsGroup("Prune options:")
    .addOption(
      cache.createOption(
        "--older-than <duration>",
        "also what was not used for so long, such as 12h, 30d or 8w",
      )
        .argParser(parseDuration).conflicts("all"),
    )
    .option("--all", "everything")
    .addHelpText(
      "after",
      `
Examples:
  $ docker-image-pusher cache prune --older-than 30d
  $ docker-image-pusher cache prune --all`,
    )
    .action(async (_, command) => {
      const options = command.optsWithGlobals();
      await run(async (context) => {
        const { emptyCache } = await import("../../commands/cache.ts");
        const { cachePruneOutcome } = await import("../view/cache_view.ts");
        const { all, olderThan: olderThanMs, stateDir } = options;
        return cachePruneOutcome(await emptyCache({ all, olderThanMs, stateDir }, context));
      }, options);
    });
}

function parseDuration(text: string): number {
  const [, count, unit] = DURATION_REGEXP.exec(text) ?? [];
  if (count && unit) return Number(count) * UNIT_MS[unit]!;
  throw new PusherError("USAGE", `Cannot use --older-than "${printable(text)}": it is not a duration`, {
    detail: { option: "--older-than" },
    hint: "Give a number and a unit: 90m, 12h, 30d or 8w.",
  });
}
