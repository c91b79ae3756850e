import type { GenericSchema } from "valibot";
import { PusherError } from "../errors.ts";
import { DocumentError, MAX_DOCUMENT_BYTES, parseDocument } from "../spec/documents.ts";
import { createAtomicFile } from "../util/atomic_file.ts";
import type { Clock } from "../util/clock.ts";
import { printable } from "../util/printable.ts";
import { systemReason } from "../util/system_reason.ts";
import { stateUnwritable } from "./state_unwritable.ts";

/** What everything that keeps state needs. */
export interface StateOptions {
  /** Time. */
  clock: Clock;
  /** Told of what the user should know and that stops nothing. */
  onWarning: (message: string) => void;
}

/** A JSON file of the state directory. */
export interface StateDocument<T> {
  /** The state directory. */
  directory: string;
  /** Name of the file. */
  name: string;
  /** What it must look like. */
  schema: GenericSchema<T>;
}

/**
 * Reads a state file. No lock is needed, since files are replaced as a whole.
 *
 * @typeParam T Its content.
 * @param document Which.
 * @returns Its content, or `undefined` if there is no such file.
 * @throws {PusherError} `STATE_CORRUPT` if it is not what it should be, `STATE_UNREADABLE` if it cannot be read.
 */
export async function readStateDocument<T>(document: StateDocument<T>): Promise<T | undefined> {
  const path = `${document.directory}/${document.name}`;
  try {
    const { size } = await Deno.stat(path);
    if (size > MAX_DOCUMENT_BYTES) throw new DocumentError(`it has ${size} bytes, too many to be ours`);
    return parseDocument(document.schema, await Deno.readFile(path));
  } catch (cause) {
    // Nor is there one if something else is in the directory's place: whoever writes is told so.
    const isMissing = cause instanceof Deno.errors.NotFound || cause instanceof Deno.errors.NotADirectory;
    if (isMissing) return undefined;
    const isCorrupt = cause instanceof DocumentError;
    const code = isCorrupt ? "STATE_CORRUPT" : "STATE_UNREADABLE";
    throw new PusherError(code, `Cannot read "${printable(path)}": ${systemReason(cause)}`, {
      detail: { path },
      hint: isCorrupt
        ? "Repair the file, or move it away to start without it."
        : "Check who may read it, or keep state elsewhere with --state-dir.",
      cause,
    });
  }
}

/**
 * Writes a state file whole or not at all, readable by its owner only. To be called under the lock.
 *
 * A symbolic link in its place is refused: following it could put secrets where somebody else reads them, and
 * replacing it would silently undo what the user arranged.
 *
 * @typeParam T Its content.
 * @param document Which.
 * @param content The new content.
 * @throws {PusherError} `STATE_UNWRITABLE`; the old content is still there then.
 */
export async function writeStateDocument<T>(document: StateDocument<T>, content: T): Promise<void> {
  const { directory, name } = document;
  const path = `${directory}/${name}`;
  try {
    if (await isSymlink(path)) throw new Error("it is a symbolic link");
    await using target = await createAtomicFile(directory, name);
    await target.write(new TextEncoder().encode(`${JSON.stringify(content, null, 2)}\n`));
    await target.commit();
  } catch (cause) {
    throw stateUnwritable(path, cause);
  }
}

async function isSymlink(path: string): Promise<boolean> {
  try {
    return (await Deno.lstat(path)).isSymlink;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
