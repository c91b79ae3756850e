import { PusherError } from "../errors.ts";
import type { EventSink } from "../transfer/events.ts";
import type { Host } from "./host.ts";

/** More than any password or token has. */
const MAX_PASSWORD_BYTES = 64 * 1024;

/** How the user gave a password. */
export interface PasswordFlags {
  /** As an argument. */
  password?: string | undefined;
  /** On standard input. */
  passwordStdin?: boolean | undefined;
}

/** Which of two ends of a transfer a flag is for. */
export type TransferEnd = "src" | "dest";

/**
 * Takes the password from where the user said, one line end at its end left out.
 *
 * @param flags Where it is.
 * @param environment Standard input, and who is told that arguments are visible.
 * @returns The password; `undefined` if none was given.
 * @throws {PusherError} `USAGE` if it is empty, too long, or would be typed in the open.
 */
export async function readPassword(
  flags: PasswordFlags,
  environment: { host: Host; onEvent: EventSink; end?: TransferEnd | undefined },
): Promise<string | undefined> {
  const { host, onEvent, end } = environment;
  const [onLine, onInput] = [flagName("password", end), flagName("password-stdin", end)];
  if (flags.password !== undefined) {
    onEvent({
      type: "warning",
      message: `${onLine} shows in the process list and the shell history; ${onInput} does not`,
    });
    return notEmpty(flags.password, onLine);
  }
  if (!flags.passwordStdin) return undefined;
  if (host.stdin.isTerminal) throw unreadable("standard input is a terminal and would show it", onInput);
  const text = await host.stdin.readText(MAX_PASSWORD_BYTES);
  if (text.length >= MAX_PASSWORD_BYTES) {
    throw unreadable(`it is longer than ${MAX_PASSWORD_BYTES} bytes`, onInput);
  }
  return notEmpty(text.replace(/\r?\n$/, ""), onInput);
}

/**
 * The name of a flag on logins.
 *
 * @param name For one registry, for example `username`.
 * @param end Which end it is for, if there are two.
 * @returns For example `--src-username`.
 */
export function flagName(name: string, end: TransferEnd | undefined): string {
  return end === undefined ? `--${name}` : `--${end}-${name}`;
}

function notEmpty(password: string, option: string): string {
  if (password !== "") return password;
  throw new PusherError("USAGE", `Cannot use ${option}: the password is empty`, {
    detail: { option },
    hint: "Check where the password comes from.",
  });
}

function unreadable(reason: string, option: string): PusherError {
  return new PusherError("USAGE", `Cannot use ${option}: ${reason}`, {
    detail: { option },
    hint: `Pipe the password in: ${option} < file.`,
  });
}
