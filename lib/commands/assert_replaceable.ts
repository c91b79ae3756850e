import { PusherError } from "../errors.ts";
import { outputFailed } from "../runtimes/output_failed.ts";
import { printable } from "../util/printable.ts";
import type { CommandContext } from "./command_context.ts";

/** What decides whether a file may be replaced. */
export interface ReplaceOptions {
  /** Whether to replace it without asking. */
  isForced?: boolean | undefined;
  /** The option that chooses another place, for hints. */
  option?: string | undefined;
}

/**
 * Checks that a file can get a name: nothing has it, or what has it may be replaced.
 *
 * @param path The name.
 * @param options Whether to replace what is there.
 * @param context Asks the user.
 * @throws {PusherError} `OUTPUT_EXISTS` if it may not be replaced, `OUTPUT_FAILED` if it cannot.
 */
export async function assertReplaceable(
  path: string,
  { isForced = false, option }: ReplaceOptions,
  context: Pick<CommandContext, "interaction">,
): Promise<void> {
  const place = option === undefined ? {} : { option };
  const existing = await lstat(path, place);
  if (!existing) return;
  if (existing.isDirectory) throw outputFailed(path, "it is a directory", place);
  if (isForced) return;
  if (await context.interaction?.confirm(`Overwrite "${printable(path)}"?`)) return;
  throw new PusherError("OUTPUT_EXISTS", `Cannot write "${printable(path)}": it exists`, {
    detail: { path },
    hint: "Move it away, or replace it with --force.",
  });
}

async function lstat(path: string, place: { option?: string }): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.lstat(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return undefined;
    throw outputFailed(path, cause, place);
  }
}
