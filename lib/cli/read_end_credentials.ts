import type { CommandContext } from "../commands/command_context.ts";
import type { CopyWay } from "../commands/copy/open_copy.ts";
import { PusherError } from "../errors.ts";
import type { Host } from "./host.ts";
import { readCredentials } from "./read_credentials.ts";

/** How the user named a user at each end of a transfer. */
export interface EndLoginFlags {
  /** The user at the source. */
  srcUsername?: string | undefined;
  /** The password there, as an argument. */
  srcPassword?: string | undefined;
  /** Whether that password is on standard input. */
  srcPasswordStdin?: boolean | undefined;
  /** The user at the destinations. */
  destUsername?: string | undefined;
  /** The password there, as an argument. */
  destPassword?: string | undefined;
  /** Whether that password is on standard input. */
  destPasswordStdin?: boolean | undefined;
}

/**
 * Finds out which users a command line names for the two ends of a transfer, and their passwords.
 *
 * @param flags What was given; passwords are asked for when they were not.
 * @param host Has standard input.
 * @param context Asks, and is told of warnings.
 * @returns Users and passwords.
 * @throws {PusherError} `USAGE` if something is missing, or both passwords are to come from one input.
 */
export async function readEndCredentials(
  flags: EndLoginFlags,
  host: Host,
  context: CommandContext,
): Promise<Pick<CopyWay, "credentials" | "sourceCredentials">> {
  const { srcUsername, srcPassword, srcPasswordStdin, destUsername, destPassword, destPasswordStdin } = flags;
  if (srcPasswordStdin && destPasswordStdin) {
    throw new PusherError("USAGE", "Cannot read two passwords from standard input", {
      detail: { option: "--src-password-stdin" },
      hint: "Run login for one of the registries, and leave its user name and password out.",
    });
  }
  const source = { username: srcUsername, password: srcPassword, passwordStdin: srcPasswordStdin };
  const destination = { username: destUsername, password: destPassword, passwordStdin: destPasswordStdin };
  return {
    sourceCredentials: await readCredentials(source, { host, end: "src" }, context),
    credentials: await readCredentials(destination, { host, end: "dest" }, context),
  };
}
