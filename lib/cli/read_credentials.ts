import type { CommandContext } from "../commands/command_context.ts";
import { PusherError } from "../errors.ts";
import type { Host } from "./host.ts";
import { type PasswordOptions, readPassword } from "./read_password.ts";

/**
 * Finds out which user a command line names, and the password.
 *
 * @param options What was given; the password is asked for when it was not.
 * @param host Has standard input.
 * @param context Asks, and is told of warnings.
 * @returns User and password; `undefined` if none is named.
 * @throws {PusherError} `USAGE` if one of the two is missing.
 */
export async function readCredentials(
  options: PasswordOptions & { username?: string | undefined },
  host: Host,
  context: CommandContext,
): Promise<{ username: string; password: string } | undefined> {
  const { username } = options;
  const given = await readPassword(options, { host, onEvent: context.onEvent });
  if (username === undefined && given === undefined) return undefined;
  if (!username) throw incomplete("a password without a user name", "--username");
  const password = given ?? await context.interaction?.password(`Password for ${username}`);
  if (!password) throw incomplete("a user name without a password", "--password-stdin");
  return { username, password };
}

function incomplete(what: string, option: string): PusherError {
  return new PusherError("USAGE", `Cannot log in with ${what}`, {
    detail: { option },
    hint: `Add ${option}, or leave both out to use a stored login.`,
  });
}
