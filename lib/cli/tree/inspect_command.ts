import { PusherError } from "../../errors.ts";
import { printable } from "../../util/printable.ts";
import { readCredentials } from "../read_credentials.ts";
import { withLogin } from "./login_flags.ts";
import { networkOptions } from "./network_flags.ts";
import type { CommandLine } from "./program.ts";

/**
 * Defines `inspect`.
 *
 * @param commandLine Where to add it, and how to run it.
 */
export function defineInspect({ program, host, run }: CommandLine): void {
  withLogin(
    program.command("inspect")
      .summary("show images, layers, sizes and digests")
      .description(
        "Shows what an archive holds, or an image consists of in its registry: platforms, attestations, layers, " +
          "sizes and digests. Layers are not downloaded.",
      )
      .argument("<archive|reference>", "image archive, or an image such as registry.example.com/team/app:1")
      .optionsGroup("Inspect options:")
      .option("--raw", "print the manifest or index of an image at its registry, byte for byte"),
  )
    .addHelpText(
      "after",
      `
Examples:
  $ docker-image-pusher inspect nginx.tar
  $ docker-image-pusher inspect nginx:1.27
  $ docker-image-pusher inspect r.example/team/app:1 --raw | sha256sum
  $ docker-image-pusher inspect nginx.tar --json | jq -r '.images[].digest'`,
    )
    .action(async (image, _, command) => {
      const options = command.optsWithGlobals();
      await run(async (context) => {
        const { findReference, inspectReference, rawManifest } = await import(
          "../../commands/inspect_reference.ts"
        );
        const { inspectLines } = await import("../view/inspect_view.ts");
        const { inspect } = await import("../../commands/inspect.ts");
        const reference = await findReference(image);
        if (!reference && options.raw) throw notAtRegistry(image);
        const connection = {
          credentials: reference && await readCredentials(options, { host }, context),
          ...networkOptions(options),
          stateDir: options.stateDir,
        };
        if (reference && options.raw) {
          return { report: {}, lines: [], content: await rawManifest(reference, connection, context) };
        }
        const report = reference
          ? await inspectReference(reference, connection, context)
          : await inspect({ archive: image }, context);
        return { report, lines: inspectLines(report) };
      }, options);
    });
}

function notAtRegistry(image: string): PusherError {
  return new PusherError(
    "USAGE",
    `Cannot print the manifest of "${printable(image)}": it is not an image at a registry`,
    {
      detail: { option: "--raw" },
      hint: "Name one with its registry, tag or digest, such as registry.example.com/team/app:1.",
    },
  );
}
