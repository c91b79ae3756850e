import { isPusherError } from "../errors.ts";
import { printable } from "../util/printable.ts";
import { readStateDocument, type StateDocument } from "./state_document.ts";

/**
 * Reads a state file that the program can do without: one that is not what it should be gets the name `….corrupt-N`, so
 * that it is out of the way but not lost. To be called under a lock, since another process may have put a good file there.
 *
 * @typeParam T Its content.
 * @param document Which.
 * @param onSetAside Told what was wrong and what the file is called now, as a sentence without its end.
 * @returns Its content, or `undefined` if there is no such file (any more).
 * @throws {PusherError} `STATE_UNREADABLE`; else what `Deno.rename` throws if the file cannot be set aside.
 */
export async function readOrSetAside<T>(
  document: StateDocument<T>,
  onSetAside: (message: string) => void,
): Promise<T | undefined> {
  try {
    return await readStateDocument(document);
  } catch (error) {
    if (!isPusherError(error, "STATE_CORRUPT")) throw error;
    const { path } = error.detail;
    const aside = await unusedName(`${path}.corrupt`);
    await Deno.rename(path, aside);
    onSetAside(`${error.message}; it is now "${printable(aside)}"`);
    return undefined;
  }
}

async function unusedName(prefix: string): Promise<string> {
  for (let number = 1;; number++) {
    const path = `${prefix}-${number}`;
    try {
      await Deno.lstat(path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return path;
      throw error;
    }
  }
}
