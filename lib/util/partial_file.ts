import type { FilePath } from "./file_path.ts";
import { openLockedFile } from "./lock_file.ts";
import { EarlyFlush } from "./early_flush.ts";

/** Marks a partial file: 16 hexadecimal digits, so that nothing else that is called partial is meant. */
const KEY_REGEXP = /^[0-9a-f]{16}$/;

/**
 * A file on its way that a later run can go on with: it has its name only once it is complete. Until then it is called
 * `.name.<key>.partial`, readable by its owner only. Disposing it before it is committed keeps what there is, if it is worth it.
 */
export class PartialFile implements AsyncDisposable {
  /** Where it is until it is complete. */
  readonly path: string;
  readonly #finalPath: string;
  readonly #file: Deno.FsFile;
  readonly #flush: EarlyFlush;
  readonly #knownBytes: number;
  #sizeBytes: number;
  #isOpen = true;

  /**
   * Takes over an open and locked file; {@linkcode openPartialFile} opens one.
   *
   * @param paths Where it is, and where it will be.
   * @param file The file, at its start.
   * @param content What is in it.
   * @param content.sizeBytes Its size.
   * @param content.knownBytes See {@linkcode PartialFileOptions}.
   */
  constructor(
    paths: { partial: string; final: string },
    file: Deno.FsFile,
    { sizeBytes, knownBytes }: { sizeBytes: number; knownBytes: number },
  ) {
    this.path = paths.partial;
    this.#finalPath = paths.final;
    this.#file = file;
    this.#flush = new EarlyFlush(paths.partial);
    this.#sizeBytes = sizeBytes;
    this.#knownBytes = knownBytes;
  }

  /** Whether a later run gains anything by it. */
  get isWorthKeeping(): boolean {
    return this.#sizeBytes > this.#knownBytes;
  }

  /** Bytes in it. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /**
   * Reads on in what an earlier run has left.
   *
   * @param into Receives it.
   * @returns How many bytes; 0 at the end.
   */
  async readHeld(into: Uint8Array): Promise<number> {
    return await this.#file.read(into) ?? 0;
  }

  /**
   * Drops what is there from a position on; what is written next goes there.
   *
   * @param positionBytes The position.
   */
  async continueAt(positionBytes: number): Promise<void> {
    await this.#file.truncate(positionBytes);
    await this.#file.seek(positionBytes, Deno.SeekMode.Start);
    this.#sizeBytes = positionBytes;
  }

  /**
   * Appends bytes.
   *
   * @param bytes Free to be reused once this has settled.
   */
  async write(bytes: Uint8Array): Promise<void> {
    for (let offset = 0; offset < bytes.length;) {
      const written = await this.#file.write(bytes.subarray(offset));
      offset += written;
      this.#sizeBytes += written;
    }
    this.#flush.wrote(bytes.length);
  }

  /** Flushes the content to the disk and gives the file its name, replacing a file or link that has it. */
  async commit(): Promise<void> {
    await this.#flush.settled();
    await this.#file.sync();
    // Windows renames only what is closed.
    this.#close();
    await Deno.rename(this.path, this.#finalPath);
  }

  /** Closes it. What is not worth keeping is removed. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isOpen) return;
    await this.#flush.settled();
    if (!this.isWorthKeeping) await Deno.remove(this.path).catch(() => {});
    this.#close();
  }

  #close(): void {
    if (this.#isOpen) this.#file.close();
    this.#isOpen = false;
  }
}

/** What a partial file is of. */
export interface PartialFileOptions {
  /** What will be in it: 16 hexadecimal digits. */
  key: string;
  /**
   * How many bytes at its start a later run knows without it.
   *
   * @default {0}
   */
  knownBytes?: number | undefined;
}

/**
 * Starts a file, or goes on with one that an earlier run has left. What was left under other keys for the same name is
 * removed, unless another process is at it.
 *
 * @param path Where it will be; the directory must exist.
 * @param options What will be in it.
 * @returns The file; `undefined` if another process is writing it.
 * @throws What `Deno.open` throws, for example in a directory that may not be written.
 */
export async function openPartialFile(
  { directory, name }: FilePath,
  { key, knownBytes = 0 }: PartialFileOptions,
): Promise<PartialFile | undefined> {
  const partial = `${directory}/${partialName(name, key)}`;
  const file = await openLockedFile(partial);
  if (!file) return undefined;
  try {
    await removeOthers(directory, name, key);
    const { size: sizeBytes } = await file.stat();
    return new PartialFile({ partial, final: `${directory}/${name}` }, file, { sizeBytes, knownBytes });
  } catch (error) {
    file.close();
    throw error;
  }
}

function partialName(name: string, key: string): string {
  return `.${name}.${key}.partial`;
}

async function removeOthers(directory: string, name: string, key: string): Promise<void> {
  for await (const entry of Deno.readDir(directory)) {
    const otherKey = entry.name.slice(name.length + 2, -".partial".length);
    if (!KEY_REGEXP.test(otherKey) || otherKey === key || entry.name !== partialName(name, otherKey)) {
      continue;
    }
    const path = `${directory}/${entry.name}`;
    const file = await openLockedFile(path).catch(() => undefined);
    if (!file) continue;
    await Deno.remove(path).catch(() => {});
    file.close();
  }
}
