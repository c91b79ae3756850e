/**
 * The two documents of an image layout: `oci-layout`, which says that it is one, and `index.json`, which says what is in it.
 *
 * @module
 */

import * as v from "valibot";
import type { Descriptor } from "../spec/descriptor.ts";
import { DocumentError, type ImageIndex, parseDocument, parseImageIndex } from "../spec/documents.ts";
import { MEDIA_TYPE } from "../spec/media_type.ts";
import { createAtomicFile } from "../util/atomic_file.ts";
import { syncDirectory } from "../util/sync_directory.ts";
import { readCappedFile } from "../util/read_capped_file.ts";
import { ifThere, layoutCorrupt, layoutUnwritable } from "./layout_error.ts";

/** Name of the file that says what is in a layout. */
export const INDEX_FILE = "index.json";
/** Name of the file that makes a directory a layout. */
export const LAYOUT_FILE = "oci-layout";

/** Largest index; a hundred thousand images or so. */
const MAX_INDEX_BYTES = 32 * 2 ** 20;
const MAX_LAYOUT_FILE_BYTES = 4096;

/** A document that was being written when a process was killed. */
export const LEFT_DOCUMENT_REGEXP: RegExp = /^\.(?:index\.json|oci-layout)\..+\.partial$/;

/** An index whose entries may be others now. */
export type ListedIndex = Omit<ImageIndex, "manifests"> & { manifests: readonly Descriptor[] };

const layoutSchema = v.object({ imageLayoutVersion: v.literal("1.0.0") });

/**
 * Whether a directory is an image layout.
 *
 * @param directory The directory, which may not exist.
 * @returns Whether it says so.
 * @throws {PusherError} `STATE_CORRUPT` if it is one of another version, `STATE_UNREADABLE`.
 */
export async function isImageLayout(directory: string): Promise<boolean> {
  const path = `${directory}/${LAYOUT_FILE}`;
  const bytes = await ifThere(path, () => readCappedFile(path, MAX_LAYOUT_FILE_BYTES));
  if (!bytes) return false;
  parsing(path, () => parseDocument(layoutSchema, bytes));
  return true;
}

/**
 * Says of a directory that it is an image layout.
 *
 * @param directory The directory, with everything else that makes it one.
 * @throws {PusherError} `STATE_UNWRITABLE`.
 */
export async function writeLayoutFile(directory: string): Promise<void> {
  await replaceFile(directory, LAYOUT_FILE, { imageLayoutVersion: "1.0.0" });
}

/**
 * Reads what a layout lists.
 *
 * @param directory The layout.
 * @returns Its index, with all that other tools have written into it; `undefined` if there is none.
 * @throws {PusherError} `STATE_CORRUPT`, `STATE_UNREADABLE`.
 */
export async function readIndexFile(directory: string): Promise<ImageIndex | undefined> {
  const path = `${directory}/${INDEX_FILE}`;
  const bytes = await ifThere(path, () => readCappedFile(path, MAX_INDEX_BYTES));
  if (!bytes) return undefined;
  parsing(path, () => parseImageIndex(bytes));
  // Checked, but with the fields that mean nothing here: what is written again must not lack them.
  return JSON.parse(new TextDecoder().decode(bytes));
}

/**
 * Says whether what a layout lists may have changed.
 *
 * @param directory The layout.
 * @returns Text that is another one then, but for changes within a millisecond.
 * @throws {PusherError} `STATE_UNREADABLE`.
 */
export async function indexFileVersion(directory: string): Promise<string> {
  const info = await ifThere(`${directory}/${INDEX_FILE}`, Deno.stat);
  return info ? `${info.ino} ${info.size} ${info.mtime?.getTime()}` : "";
}

/**
 * Writes what a layout lists, whole or not at all. To be called under the lock, once the blobs have their names.
 *
 * @param directory The layout.
 * @param index What it lists.
 * @throws {PusherError} `STATE_UNWRITABLE`; the old index is still there then.
 */
export async function writeIndexFile(directory: string, index: ListedIndex): Promise<void> {
  await replaceFile(directory, INDEX_FILE, { schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, ...index });
}

function parsing<T>(path: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error;
    throw layoutCorrupt(path, error.message, "Repair the file, or move it away to start without it.");
  }
}

async function replaceFile(directory: string, name: string, content: unknown): Promise<void> {
  try {
    const bytes = new TextEncoder().encode(JSON.stringify(content));
    if (bytes.length > MAX_INDEX_BYTES) throw new Error(`it would have more than ${MAX_INDEX_BYTES} bytes`);
    await using file = await createAtomicFile(directory, name);
    await file.write(bytes);
    await file.commit();
    await syncDirectory(directory);
  } catch (cause) {
    throw layoutUnwritable(`${directory}/${name}`, cause);
  }
}
