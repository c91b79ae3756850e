import { readCredentials } from "../read_credentials.ts";
import { assertInputIsFree, withLogin } from "./login_flags.ts";
import { networkOptions } from "./network_flags.ts";
import { parseRate } from "./parse_rate.ts";
import { collect, collectPlatforms, type CommandLine } from "./program.ts";

/**
 * Defines `verify`.
 *
 * @param commandLine Where to add it, and how to run it.
 */
export function defineVerify({ program, host, run }: CommandLine): void {
  withLogin(
    program.command("verify")
      .summary("find out whether archives are whole, or registries hold what is in them")
      .description(
        "Reads archives from start to end, and verifies every digest and what layers decompress to. With -t, " +
          "--registry or --pushed it compares them instead with what registries hold, where push would put it; an " +
          "image at a registry is compared with itself. Ends with 3 if an archive is damaged, with 7 if a registry " +
          "holds something else.",
      )
      .argument("<archives...>", "image archives or layout directories; - for standard input; or one image")
      .optionsGroup("Comparison options:")
      .option("-t, --target <reference>", "registry/repository:tag to compare with (repeatable)", collect)
      .addOption(
        program.createOption(
          "--registry <host/path>",
          "registry to compare with, under the archive's own names",
        )
          .conflicts("target"),
      )
      .addOption(
        program.createOption("--pushed", "compare with where the images went last time")
          .conflicts(["target", "registry"]),
      )
      .option("--deep", "read every manifest and blob from the registry, and hash it")
      .option("--image <name>", "compare only this image: name, repository or digest (repeatable)", collect)
      .option(
        "--platform <platforms>",
        "compare only these platforms, as push --platform does (repeatable)",
        collectPlatforms,
      )
      .option("--index", "compare with one image for several platforms, as push --index makes it")
      .option("--no-attestations", "without attestations, as push --no-attestations does")
      .addOption(
        program.createOption("--format <format>", "with manifests as push --format writes them")
          .choices(["docker", "oci"] as const),
      )
      .option(
        "--limit-rate <rate>",
        "read at most this much a second from registries, such as 10MB",
        parseRate,
      )
      .optionsGroup("Output options:")
      .option("--receipt <file>", "write to a file what was found where"),
  )
    .addHelpText(
      "after",
      `
Examples:
  $ docker-image-pusher verify nginx.tar
  $ docker-image-pusher verify nginx.tar -t registry.example.com/web/nginx:1
  $ docker-image-pusher verify images/*.tar --registry r.example/mirror --deep
  $ docker-image-pusher verify r.example/team/app:1 --deep`,
    )
    .action(async (archives, _, command) => {
      const options = command.optsWithGlobals();
      await run(async (context) => {
        const { findReference } = await import("../../commands/inspect_reference.ts");
        const { verifyArchives } = await import("../../commands/verify/verify_archives.ts");
        const { verifyReference, verifyTargets } = await import("../../commands/verify/verify_targets.ts");
        const { archivesOutcome, targetsOutcome } = await import("../view/verify_view.ts");
        const hasTarget = options.target !== undefined || options.registry !== undefined || options.pushed;
        const [first, ...others] = archives;
        const reference = hasTarget || others.length > 0 ? undefined : await findReference(first!);
        const { receipt } = options;
        if (!hasTarget && !reference) {
          return archivesOutcome(await verifyArchives({ archives, receipt }, context));
        }
        assertInputIsFree(archives, options);
        const settings = {
          deep: options.deep,
          rateBytesPerSecond: options.limitRate,
          receipt,
          credentials: await readCredentials(options, { host }, context),
          ...networkOptions(options),
          stateDir: options.stateDir,
        };
        const report = reference ? await verifyReference(reference, settings, context) : await verifyTargets({
          archives,
          targets: options.target,
          registry: options.registry,
          images: options.image,
          platforms: options.platform,
          index: options.index,
          attestations: options.attestations,
          format: options.format,
          ...settings,
        }, context);
        return targetsOutcome(report);
      }, options);
    });
}
