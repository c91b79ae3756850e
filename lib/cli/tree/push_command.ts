import type { CommandContext } from "../../commands/command_context.ts";
import { PusherError } from "../../errors.ts";
import type { Outcome } from "../command_runner.ts";
import { assertInputIsFree, withLogin } from "./login_flags.ts";
import { CACHE_OPTION } from "./cache_flags.ts";
import { networkOptions } from "./network_flags.ts";
import { parseCompression } from "./parse_compression.ts";
import { collect, collectPlatforms, type CommandLine } from "./program.ts";
import { transferOptions, withTransfer } from "./transfer_flags.ts";
import { readCredentials } from "../read_credentials.ts";

/**
 * Defines `push`.
 *
 * @param commandLine Where to add it, and how to run it.
 */
export function definePush({ program, host, args, run }: CommandLine): void {
  withTransfer(withLogin(
    program.command("push")
      .summary("upload the images of archives to registries")
      .description(
        "Uploads the images of archives, and prints registry/repository:tag@digest for each. Without -t or " +
          "--registry they go where they went last time.",
      )
      .argument(
        "<archives...>",
        "image archives or layout directories, compressed or not; - for standard input",
      )
      .optionsGroup("Destination options:")
      .option("-t, --target <reference>", "registry/repository:tag to push to (repeatable)", collect)
      .addOption(
        program.createOption("--registry <host/path>", "registry to push to under the archive's own names")
          .conflicts("target"),
      )
      .option("--image <name>", "push only this image: name, repository or digest (repeatable)", collect)
      .option("-y, --yes", "do not ask about new destinations")
      .optionsGroup("Image options:")
      .option(
        "--platform <platforms>",
        "push only these platforms, such as linux/amd64,linux/arm64 (repeatable)",
        collectPlatforms,
      )
      .option("--index", "make one image for several platforms of all images, and push that")
      .option("--no-attestations", "leave provenance and SBOM attestations out")
      .addOption(
        program.createOption(
          "--format <format>",
          "write manifests with these media types, under other digests",
        )
          .choices(["docker", "oci"] as const),
      ),
  ))
    .option(
      "--compress <method>",
      "compress plain layers: gzip or zstd, with a level if wanted, such as zstd:6; none by default",
      parseCompression,
    )
    .addOption(program.createOption(...CACHE_OPTION).default(true).hideHelp())
    .option("--no-cache", "do not take what an archive lacks from what was pulled earlier")
    .addHelpText(
      "after",
      `
Examples:
  $ docker-image-pusher push nginx.tar -t registry.example.com/web/nginx:1
  $ docker-image-pusher push images/*.tar --registry registry.example.com/mirror
  $ docker save app:1 | docker-image-pusher push - -t r.example/team/app:1
  $ docker-image-pusher push app.tar -t r.example/app:1 --platform linux/arm64
  $ docker-image-pusher push amd64.tar arm64.tar --index -t r.example/app:1`,
    )
    .action(async (archives, _, command) => {
      const options = command.optsWithGlobals();
      await run(async (context) => {
        const { planOfPush, push } = await import("../../commands/push/push.ts");
        const { commandText } = await import("../command_text.ts");
        const { tellingRemainder } = await import("../push_remainder.ts");
        const { planOutcome, pushOutcome } = await import("../view/push_view.ts");
        const isPiped = archives.includes("-");
        assertInputIsFree(archives, options);
        if (options.format === "docker" && options.compress?.format === "zstd") throw zstdInDocker();
        const credentials = await readCredentials(options, { host }, context);
        const pushOptions = {
          archives,
          targets: options.target,
          registry: options.registry,
          images: options.image,
          yes: options.yes,
          platforms: options.platform,
          index: options.index,
          attestations: options.attestations,
          format: options.format,
          credentials,
          ...transferOptions(options),
          compression: options.compress,
          usesCache: options.cache,
          ...networkOptions(options),
          stateDir: options.stateDir,
        };
        if (options.dryRun) return planOutcome(await planOfPush(pushOptions, context));
        const pushing = async (context: CommandContext): Promise<Outcome> =>
          pushOutcome(await push(pushOptions, context));
        // Only what is remembered can be continued.
        const isRemembered = options.resume && !options.force;
        if (!isRemembered) return await pushing(context);
        return await tellingRemainder(context, {
          work: pushing,
          command: `${isPiped ? "... | " : ""}${commandText(args, host)}`,
        });
      }, options);
    });
}

function zstdInDocker(): PusherError {
  return new PusherError(
    "USAGE",
    "Cannot use --compress zstd with --format docker: docker's has no type for it",
    {
      detail: { option: "--compress" },
      hint: "Compress with gzip, or leave --format out.",
    },
  );
}
