import { PusherError } from "../../errors.ts";
import { CACHE_OPTION, CACHE_SIZE_HELP, maxCacheBytes, parseCacheSize } from "./cache_flags.ts";
import { withLogin } from "./login_flags.ts";
import { networkOptions } from "./network_flags.ts";
import { parseRate } from "./parse_rate.ts";
import { collectPlatforms, type CommandLine } from "./program.ts";
import { readCredentials } from "../read_credentials.ts";

/** Other names of standard output. */
const STANDARD_OUTPUT_DEVICES: readonly string[] = ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];

/**
 * Defines `pull`.
 *
 * @param commandLine Where to add it, and how to run it.
 */
export function definePull({ program, host, run }: CommandLine): void {
  withLogin(
    program.command("pull")
      .summary("download images into an archive")
      .description(
        "Downloads images into one archive, which docker load, podman load, ctr, skopeo and crane take, and which " +
          "is an OCI layout as well. Prints registry/repository:tag@digest and the file for each.",
      )
      .argument("<references...>", "images, such as nginx:1.27 or r.example/team/app:1")
      .optionsGroup("Pull options:")
      .option(
        "-o, --output <file>",
        "the archive; - for standard output (default: named after the image)",
        parseOutput,
      )
      .option(
        "--platform <platforms>",
        "these platforms, such as linux/amd64,linux/arm64, or all (repeatable; default: this machine's)",
        collectPlatforms,
      )
      .addOption(
        program.createOption("--format <format>", "rewrite manifests with these media types")
          .choices(["docker", "oci"] as const),
      )
      .option("--limit-rate <rate>", "receive at most this much a second, such as 10MB", parseRate)
      .option("--force", "overwrite the file")
      .option("--receipt <file>", "write to a file what was pulled, or why not")
      .optionsGroup("Cache options:")
      .addOption(program.createOption(...CACHE_OPTION).default(true).hideHelp())
      .option("--no-cache", "neither read what was pulled earlier nor keep what is pulled now")
      .option("--cache-size <size>", CACHE_SIZE_HELP, parseCacheSize),
  )
    .addHelpText(
      "after",
      `
Examples:
  $ docker-image-pusher pull nginx:1.27 -o nginx.tar
  $ docker-image-pusher pull r.example/app:1 r.example/db:1 -o images.tar
  $ docker-image-pusher pull r.example/app:1 --platform all -o app.tar
  $ docker-image-pusher pull r.example/app:1 -o - | ssh server docker load`,
    )
    .action(async (references, _, command) => {
      const options = command.optsWithGlobals();
      if (options.output === "-" && options.json) throw sharedOutput();
      await run(async (context) => {
        const { pull } = await import("../../commands/pull/pull.ts");
        const { pullOutcome } = await import("../view/pull_view.ts");
        const credentials = await readCredentials(options, { host }, context);
        const report = await pull({
          references,
          output: options.output,
          platforms: options.platform,
          format: options.format,
          force: options.force,
          rateBytesPerSecond: options.limitRate,
          receipt: options.receipt,
          credentials,
          ...networkOptions(options),
          stateDir: options.stateDir,
          maxCacheBytes: maxCacheBytes(options),
        }, context);
        return pullOutcome(report);
      }, options);
    });
}

/** Whoever writes results elsewhere has to know, and nothing may take the place of the device. */
function parseOutput(text: string): string {
  return STANDARD_OUTPUT_DEVICES.includes(text) ? "-" : text;
}

function sharedOutput(): PusherError {
  return new PusherError("USAGE", "Cannot write both the archive and a report to standard output", {
    detail: { option: "--json" },
    hint: "Name a file with -o, or leave --json out.",
  });
}
