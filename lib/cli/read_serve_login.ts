import type { CommandContext } from "../commands/command_context.ts";
import { PusherError } from "../errors.ts";
import type { Host } from "./host.ts";
import type { LoginFlags } from "./read_credentials.ts";
import { readPassword } from "./read_password.ts";

/** For services, whose command lines and standard input are seen by others or taken. */
const PASSWORD_VARIABLE = "DOCKER_IMAGE_PUSHER_SERVE_PASSWORD";

/**
 * Finds out whom `serve` lets in.
 *
 * @param options What was given; the password is in the environment or asked for when it was not.
 * @param host Has standard input and the environment.
 * @param context Asks, and is told of warnings.
 * @returns User and password; `undefined` if everybody is let in.
 * @throws {PusherError} `USAGE` if one of the two is missing, or the name cannot be one.
 */
export async function readServeLogin(
  options: LoginFlags,
  host: Host,
  { onEvent, interaction }: Pick<CommandContext, "onEvent" | "interaction">,
): Promise<{ username: string; password: string } | undefined> {
  const { username } = options;
  const given = await readPassword(options, { host, onEvent });
  if (username === undefined) {
    if (given === undefined) return undefined;
    throw refused("there is a password, but no user name", "--username");
  }
  if (username === "" || username.includes(":")) {
    throw refused("a user name is not empty and has no colon", "--username");
  }
  const password = given || host.env(PASSWORD_VARIABLE) ||
    await interaction?.password(`Password that ${username} will need`);
  if (!password) throw refused("there is a user name, but no password", "--password-stdin");
  return { username, password };
}

function refused(reason: string, option: string): PusherError {
  return new PusherError("USAGE", `Cannot ask for a login: ${reason}`, {
    detail: { option },
    hint: `Check ${option}, or leave user name and password out to let everybody in.`,
  });
}
