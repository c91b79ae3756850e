/**
 * The flags that name users of registries, which several commands share.
 *
 * @module
 */

import {
  type Command,
  type CommandUnknownOpts,
  Option,
  type OptionValues,
} from "@commander-js/extra-typings";
import { PusherError } from "../../errors.ts";
import type { LoginFlags } from "../read_credentials.ts";
import type { EndLoginFlags } from "../read_end_credentials.ts";
import type { Flags } from "./program.ts";

/**
 * Gives a command the flags that name a user of the registry it asks.
 *
 * @typeParam Args Arguments of the command.
 * @typeParam Options Its options so far.
 * @typeParam GlobalOptions Those of the program.
 * @param command Which.
 * @returns The command.
 */
export function withLogin<
  Args extends unknown[],
  Options extends OptionValues,
  GlobalOptions extends OptionValues,
>(command: Command<Args, Options, GlobalOptions>): Command<Args, Options & Flags<LoginFlags>, GlobalOptions> {
  addLogin(command.optionsGroup("Registry options:"), { prefix: "", place: "" });
  // The parser's types cannot follow options that are added to whatever there is.
  return command as unknown as Command<Args, Options & Flags<LoginFlags>, GlobalOptions>;
}

/**
 * Gives a command the flags that name a user at its source, and one at its destinations.
 *
 * @typeParam Args Arguments of the command.
 * @typeParam Options Its options so far.
 * @typeParam GlobalOptions Those of the program.
 * @param command Which.
 * @returns The command.
 */
export function withEndLogins<
  Args extends unknown[],
  Options extends OptionValues,
  GlobalOptions extends OptionValues,
>(
  command: Command<Args, Options, GlobalOptions>,
): Command<Args, Options & Flags<EndLoginFlags>, GlobalOptions> {
  addLogin(command.optionsGroup("Registry options:"), { prefix: "src-", place: " at the source" });
  addLogin(command, { prefix: "dest-", place: " at the destinations" });
  return command as unknown as Command<Args, Options & Flags<EndLoginFlags>, GlobalOptions>;
}

/**
 * Refuses command lines that take both an archive and a password from standard input.
 *
 * @param archives Paths of archives; `-` is standard input.
 * @param flags Where the password is.
 * @throws {PusherError} `USAGE`.
 */
export function assertInputIsFree(archives: readonly string[], flags: LoginFlags): void {
  if (!flags.passwordStdin || !archives.includes("-")) return;
  throw new PusherError("USAGE", "Cannot read both an archive and the password from standard input", {
    detail: { option: "--password-stdin" },
    hint: "Run login first, or set DOCKER_USERNAME and DOCKER_PASSWORD.",
  });
}

function addLogin(command: CommandUnknownOpts, { prefix, place }: { prefix: string; place: string }): void {
  const passwordStdin = new Option(
    `--${prefix}password-stdin`,
    `read the password${place} from standard input`,
  );
  const password = new Option(
    `--${prefix}password <password>`,
    `password${place}, visible to other users of this machine`,
  ).conflicts(passwordStdin.attributeName());
  command.option(`--${prefix}username <name>`, `user name${place}, instead of a stored login`)
    .addOption(password)
    .addOption(passwordStdin);
}
