import { printable } from "../../util/printable.ts";
import { networkOptions } from "./network_flags.ts";
import type { CommandLine } from "./program.ts";
import { readPassword } from "../read_password.ts";

/**
 * Defines `login`.
 *
 * @param commandLine Where to add it, and how to run it.
 */
export function defineLogin({ program, host, run }: CommandLine): void {
  program.command("login")
    .summary("check and keep credentials for a registry")
    .description(
      "Checks credentials with a registry and keeps them. What is missing is asked for on a terminal.",
    )
    .argument("<registry>", "host, with port if any")
    .optionsGroup("Login options:")
    .option("-u, --username <name>", "user name")
    .addOption(
      program.createOption("-p, --password <password>", "password, visible to other users of this machine")
        .conflicts("passwordStdin"),
    )
    .option("--password-stdin", "read the password from standard input")
    .addOption(
      program.createOption(
        "--store <where>",
        "keep it with docker's credential helper, in our file, or in docker's file " +
          "(default: helper if docker has one for the registry, else file)",
      ).choices(["helper", "file", "docker"]),
    )
    .addHelpText(
      "after",
      `
Examples:
  $ docker-image-pusher login registry.example.com -u ann
  $ docker-image-pusher login registry.example.com -u ann --password-stdin <pass`,
    )
    .action(async (registry, _, command) => {
      const options = command.optsWithGlobals();
      await run(async (context) => {
        const { login } = await import("../../commands/login.ts");
        const { username, store, stateDir } = options;
        const password = await readPassword(options, { host, onEvent: context.onEvent });
        const report = await login(
          { registry, username, password, store, stateDir, ...networkOptions(options) },
          context,
        );
        const summary = `Logged in to ${report.registry} as ${printable(report.username)}, ` +
          `kept in ${printable(report.storedIn)}`;
        return { report, lines: [], summary };
      }, options);
    });
}
