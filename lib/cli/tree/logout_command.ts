import type { CommandLine } from "./program.ts";

/**
 * Defines `logout`.
 *
 * @param commandLine Where to add it, and how to run it.
 */
export function defineLogout({ program, run }: CommandLine): void {
  program.command("logout")
    .summary("forget the credentials for a registry")
    .description(
      "Forgets the credentials that a login of this program stored, wherever they are kept. Those that docker or " +
        "podman stored stay.",
    )
    .argument("<registry>", "host, with port if any")
    .addHelpText(
      "after",
      `
Examples:
  $ docker-image-pusher logout registry.example.com
  $ docker-image-pusher logout localhost:5000 --state-dir ~/ci-state`,
    )
    .action(async (registry, _, command) => {
      const options = command.optsWithGlobals();
      await run(async (context) => {
        const { logout } = await import("../../commands/logout.ts");
        const report = await logout({ registry, stateDir: options.stateDir }, context);
        const summary = report.removed
          ? `Logged out of ${report.registry}`
          : `There was no login for ${report.registry}`;
        return { report, lines: [], summary };
      }, options);
    });
}
