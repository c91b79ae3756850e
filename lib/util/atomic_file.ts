import { EarlyFlush } from "./early_flush.ts";

/** A file on its way: it has its name only once it is complete. */
export interface AtomicFile extends AsyncDisposable {
  /**
   * Appends bytes.
   *
   * @param bytes Free to be reused once this has settled.
   */
  write(bytes: Uint8Array): Promise<void>;
  /**
   * Flushes the content to the disk and gives the file its name, replacing a file or link that has it. A link
   * is never followed, since renaming works on the name itself.
   */
  commit(): Promise<void>;
}

/**
 * Starts a file under a hidden, unique name beside its final one (`.name.<random>.partial`), readable by its
 * owner only (mode 0600). Disposing it before it is committed removes it.
 *
 * @param directory Where; must exist.
 * @param name The final name.
 * @returns The file.
 * @throws What `Deno.makeTempFile` throws, for example for a directory that may not be written.
 */
export async function createAtomicFile(directory: string, name: string): Promise<AtomicFile> {
  const path = await Deno.makeTempFile({ dir: directory, prefix: `.${name}.`, suffix: ".partial" });
  const file = await Deno.open(path, { write: true });
  const flush = new EarlyFlush(path);
  let isPending = true;
  return {
    async write(bytes) {
      for (let offset = 0; offset < bytes.length;) offset += await file.write(bytes.subarray(offset));
      flush.wrote(bytes.length);
    },
    async commit() {
      await flush.settled();
      await file.sync();
      // Windows renames only what is closed.
      file.close();
      await Deno.rename(path, `${directory}/${name}`);
      isPending = false;
    },
    async [Symbol.asyncDispose]() {
      if (!isPending) return;
      await flush.settled();
      file[Symbol.dispose]();
      // What matters to the caller is the failure that led here, not this one.
      await Deno.remove(path).catch(() => {});
    },
  };
}
