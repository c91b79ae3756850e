import { formatByteSize } from "../../util/byte_size.ts";
import type { CommandLine } from "./program.ts";

/**
 * Defines `save`.
 *
 * @param commandLine Where to add it, and how to run it.
 */
export function defineSave({ program, run }: CommandLine): void {
  program.command("save")
    .summary("write local images to archives")
    .description(
      "Has docker, nerdctl or podman save images, each to a file named after it. Without images, asks which.",
    )
    .argument("[images...]", "names or IDs of local images")
    .optionsGroup("Save options:")
    .addOption(
      program.createOption("--runtime <name>", "runtime to save with; the first one found by default")
        .choices(["docker", "nerdctl", "podman"]),
    )
    .option("--output-dir <dir>", "directory for the archives (default: the current one)")
    .option("--force", "overwrite existing files")
    .addHelpText(
      "after",
      `
Examples:
  $ docker-image-pusher save
  $ docker-image-pusher save nginx:latest redis --output-dir images`,
    )
    .action(async (images, _, command) => {
      const options = command.optsWithGlobals();
      await run(async (context) => {
        const { save } = await import("../../commands/save.ts");
        const { runtime, outputDir, force } = options;
        const report = await save({ images, runtime, outputDir, force }, context);
        const sizeBytes = report.saved.reduce((sum, image) => sum + image.sizeBytes, 0);
        const count = report.saved.length === 1 ? "1 image" : `${report.saved.length} images`;
        return {
          report,
          lines: report.saved.map(({ path }) => path),
          summary: `Saved ${count} (${formatByteSize(sizeBytes)})`,
        };
      }, options);
    });
}
