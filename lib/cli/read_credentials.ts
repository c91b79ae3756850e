import type { CommandContext } from "../commands/command_context.ts";
import { PusherError } from "../errors.ts";
import type { Host } from "./host.ts";
import { flagName, type PasswordFlags, readPassword, type TransferEnd } from "./read_password.ts";

/** How the user named a user of a registry. */
export interface LoginFlags extends PasswordFlags {
  /** The user. */
  username?: string | undefined;
}

const END_NAMES: Readonly<Record<TransferEnd, string>> = { src: "source", dest: "destination" };

/** Everything around a login. */
export interface LoginSurroundings {
  /** Has standard input. */
  host: Host;
  /** Which end it is for, if there are two. */
  end?: TransferEnd | undefined;
}

/**
 * Finds out which user a command line names, and the password.
 *
 * @param flags What was given; the password is asked for when it was not.
 * @param surroundings The process, and what it is for.
 * @param context Asks, and is told of warnings.
 * @returns User and password; `undefined` if none is named.
 * @throws {PusherError} `USAGE` if one of the two is missing.
 */
export async function readCredentials(
  flags: LoginFlags,
  { host, end }: LoginSurroundings,
  context: CommandContext,
): Promise<{ username: string; password: string } | undefined> {
  const { username } = flags;
  const given = await readPassword(flags, { host, onEvent: context.onEvent, end });
  if (username === undefined && given === undefined) return undefined;
  if (!username) throw incomplete("a password without a user name", flagName("username", end));
  const place = end === undefined ? "" : ` at the ${END_NAMES[end]}`;
  const password = given ?? await context.interaction?.password(`Password for ${username}${place}`);
  if (!password) throw incomplete("a user name without a password", flagName("password-stdin", end));
  return { username, password };
}

function incomplete(what: string, option: string): PusherError {
  return new PusherError("USAGE", `Cannot log in with ${what}`, {
    detail: { option },
    hint: `Add ${option}, or leave both out to use a stored login.`,
  });
}
