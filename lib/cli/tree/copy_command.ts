import type { CommandContext } from "../../commands/command_context.ts";
import type { Outcome } from "../command_runner.ts";
import { readEndCredentials } from "../read_end_credentials.ts";
import { withEndLogins } from "./login_flags.ts";
import { networkOptions } from "./network_flags.ts";
import { collectPlatforms, type CommandLine } from "./program.ts";
import { transferOptions, withTransfer } from "./transfer_flags.ts";

/**
 * Defines `copy`.
 *
 * @param commandLine Where to add it, and how to run it.
 */
export function defineCopy({ program, host, args, run }: CommandLine): void {
  withTransfer(withEndLogins(
    program.command("copy")
      .summary("copy images from one registry to others")
      .description(
        "Copies images from a registry to others, without storing them here, and prints " +
          "registry/repository:tag@digest for each.",
      )
      .argument("<src>", "an image, or with * or ? in the place of its tag all that fit")
      .argument("<dst...>", "where to; without a tag, images keep theirs")
      .optionsGroup("Image options:")
      .option(
        "--platform <platforms>",
        "copy only these platforms, such as linux/amd64,linux/arm64 (repeatable)",
        collectPlatforms,
      )
      .option("--referrers", "copy what refers to the images, too: signatures, SBOMs, attestations")
      .option("--no-attestations", "leave provenance and SBOM attestations out")
      .addOption(
        program.createOption(
          "--format <format>",
          "write manifests with these media types, under other digests",
        )
          .choices(["docker", "oci"] as const),
      ),
  ))
    .addHelpText(
      "after",
      `
Examples:
  $ docker-image-pusher copy nginx:1.27 registry.example.com/web/nginx
  $ docker-image-pusher copy r1.example/app:1 r2.example/app r3.example/app:stable
  $ docker-image-pusher copy 'r1.example/app:2.*' r2.example/app --referrers
  $ docker-image-pusher copy r1.example/app:1 r2.example/app --platform linux/arm64
  $ docker-image-pusher copy nginx:1.27 r.example/nginx --dest-username ann --dest-password-stdin <pass`,
    )
    .action(async (from, to, _, command) => {
      const options = command.optsWithGlobals();
      await run(async (context) => {
        const { copy, planOfCopy } = await import("../../commands/copy/copy.ts");
        const { commandText } = await import("../command_text.ts");
        const { tellingRemainder } = await import("../push_remainder.ts");
        const { copyOutcome } = await import("../view/copy_view.ts");
        const { planOutcome } = await import("../view/push_view.ts");
        const copyOptions = {
          from,
          to,
          platforms: options.platform,
          referrers: options.referrers,
          attestations: options.attestations,
          format: options.format,
          ...transferOptions(options),
          ...await readEndCredentials(options, host, context),
          ...networkOptions(options),
          stateDir: options.stateDir,
        };
        if (options.dryRun) return planOutcome(await planOfCopy(copyOptions, context));
        const copying = async (context: CommandContext): Promise<Outcome> =>
          copyOutcome(await copy(copyOptions, context));
        // Only what is remembered can be continued.
        const isRemembered = options.resume && !options.force;
        if (!isRemembered) return await copying(context);
        return await tellingRemainder(context, { work: copying, command: commandText(args, host) });
      }, options);
    });
}
