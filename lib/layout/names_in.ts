import { isMissing, layoutUnreadable } from "./layout_error.ts";

/**
 * Lists a directory that need not be there.
 *
 * @param path The directory.
 * @returns The names of what is in it, in no order.
 * @throws {PusherError} `STATE_UNREADABLE`.
 */
export async function namesIn(path: string): Promise<string[]> {
  try {
    return await Array.fromAsync(Deno.readDir(path), ({ name }) => name);
  } catch (error) {
    if (isMissing(error)) return [];
    throw layoutUnreadable(path, error);
  }
}
