import { PusherError } from "../errors.ts";
import type { EventSink } from "../transfer/events.ts";
import type { Host } from "./host.ts";

/** More than any password or token has. */
const MAX_PASSWORD_BYTES = 64 * 1024;

/** How the user gave a password. */
export interface PasswordOptions {
  /** As an argument. */
  password?: string | undefined;
  /** On standard input. */
  passwordStdin?: boolean | undefined;
}

/**
 * Takes the password from where the user said, one line end at its end left out.
 *
 * @param options Where it is.
 * @param environment Standard input, and who is told that arguments are visible.
 * @returns The password; `undefined` if none was given.
 * @throws {PusherError} `USAGE` if it is empty, too long, or would be typed in the open.
 */
export async function readPassword(
  options: PasswordOptions,
  environment: { host: Host; onEvent: EventSink },
): Promise<string | undefined> {
  const { host, onEvent } = environment;
  if (options.password !== undefined) {
    onEvent({
      type: "warning",
      message: "--password shows in the process list and the shell history; --password-stdin does not",
    });
    return notEmpty(options.password, "--password");
  }
  if (!options.passwordStdin) return undefined;
  if (host.stdin.isTerminal) throw unreadable("standard input is a terminal and would show it");
  const text = await host.stdin.readText(MAX_PASSWORD_BYTES);
  if (text.length >= MAX_PASSWORD_BYTES) throw unreadable(`it is longer than ${MAX_PASSWORD_BYTES} bytes`);
  return notEmpty(text.replace(/\r?\n$/, ""), "--password-stdin");
}

function notEmpty(password: string, option: string): string {
  if (password !== "") return password;
  throw new PusherError("USAGE", `Cannot use ${option}: the password is empty`, {
    detail: { option },
    hint: "Check where the password comes from.",
  });
}

function unreadable(reason: string): PusherError {
  return new PusherError("USAGE", `Cannot use --password-stdin: ${reason}`, {
    detail: { option: "--password-stdin" },
    hint: "Pipe the password in: --password-stdin < file.",
  });
}
