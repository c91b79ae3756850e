import type { CommandLine } from "./program.ts";

/**
 * Defines `inspect`.
 *
 * @param commandLine Where to add it, and how to run it.
 */
export function defineInspect({ program, run }: CommandLine): void {
  program.command("inspect")
    .summary("show images, layers, sizes and digests")
    .description("Shows what an archive holds: images, platforms, attestations, layers, sizes and digests.")
    .argument("<archive>", "image archive")
    .addHelpText(
      "after",
      `
Examples:
  $ docker-image-pusher inspect nginx.tar
  $ docker-image-pusher inspect nginx.tar --json | jq -r '.images[].digest'`,
    )
    .action(async (archive, _, command) => {
      await run(async (context) => {
        const { inspect } = await import("../commands/inspect.ts");
        const { inspectLines } = await import("./inspect_view.ts");
        const report = await inspect({ archive }, context);
        return { report, lines: inspectLines(report) };
      }, command.optsWithGlobals());
    });
}
