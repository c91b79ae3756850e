/** What becomes of a {@linkcode DyingDisk}: its process is killed, or the machine loses its power. */
export type Death = "kill" | "power cut";

/** A change of a directory that is not on the disk yet. */
interface UnsyncedName {
  directory: string;
  undo: () => Promise<void>;
}

const real = {
  open: Deno.open,
  mkdir: Deno.mkdir,
  rename: Deno.rename,
  remove: Deno.remove,
  utime: Deno.utime,
  makeTempFile: Deno.makeTempFile,
};

/**
 * Lets the `Deno` functions that change files work until a step, half of it if it is a write, and nothing happen from there
 * on, as if the process had died; whatever is closed is unlocked. Disposing it gives the functions back.
 *
 * After a power cut, everything is gone that the disk had not been told to keep: content of files, and names that files got
 * or lost, but for those that `keepsNames` says: a disk may have kept the later change and not the earlier one.
 */
export class DyingDisk implements AsyncDisposable {
  readonly #lastStep: number;
  readonly #death: Death;
  readonly #keepsNames: RegExp;
  readonly #unsyncedFiles = new Set<string>();
  #unsyncedNames: UnsyncedName[] = [];
  #steps = 0;

  /**
   * Takes the functions over.
   *
   * @param lastStep The step that is not done any more; the first is 1.
   * @param death What happens then.
   * @param options What is special.
   * @param options.keepsNames Names that are kept though nobody has asked for it.
   */
  constructor(lastStep: number, death: Death, { keepsNames = /$^/ }: { keepsNames?: RegExp } = {}) {
    this.#lastStep = lastStep;
    this.#death = death;
    this.#keepsNames = keepsNames;
    Object.assign(Deno, {
      open: (path: string, options?: Deno.OpenOptions) => this.#open(path, options),
      mkdir: (path: string, options?: Deno.MkdirOptions) => this.#mkdir(path, options),
      rename: (from: string, to: string) => this.#rename(from, to),
      remove: (path: string, options?: Deno.RemoveOptions) => this.#remove(path, options),
      utime: (...args: Parameters<typeof Deno.utime>) => this.#step(() => real.utime(...args)),
      makeTempFile: (options?: Deno.MakeTempOptions) => this.#makeTempFile(options),
    });
  }

  /** Whether the step was reached. */
  get isDead(): boolean {
    return this.#steps >= this.#lastStep;
  }

  /** Gives the functions back, and takes away what a power cut takes. */
  async [Symbol.asyncDispose](): Promise<void> {
    Object.assign(Deno, real);
    if (!this.isDead || this.#death === "kill") return;
    for (const path of this.#unsyncedFiles) await Deno.truncate(path).catch(() => {});
    for (const { undo } of this.#unsyncedNames.reverse()) await undo();
  }

  async #step<T>(work: () => Promise<T>, last: () => Promise<unknown> = () => Promise.resolve()): Promise<T> {
    const isLast = ++this.#steps === this.#lastStep;
    if (isLast) await last();
    if (this.isDead) throw new Error("the process is dead");
    return await work();
  }

  async #open(path: string, options: Deno.OpenOptions = { read: true }): Promise<Deno.FsFile> {
    const isNew = options.create === true && !await exists(path);
    const open = (): Promise<Deno.FsFile> => real.open(path, options);
    const file = isNew ? await this.#step(open) : await open();
    if (isNew) this.#named(path, () => real.remove(path));
    const { write, truncate } = file;
    // Somebody may have removed it already.
    const realPath = await Deno.realPath(path).catch(() => path);
    file.write = async (bytes) => {
      this.#unsyncedFiles.add(path);
      const half = bytes.subarray(0, bytes.length / 2);
      return await this.#step(() => write.call(file, bytes), () => write.call(file, half));
    };
    file.truncate = (length) => this.#step(() => truncate.call(file, length));
    // Noted only: tests wait for no disk.
    file.sync = () =>
      this.#step(() => {
        this.#unsyncedFiles.delete(path);
        this.#unsyncedNames = this.#unsyncedNames.filter(({ directory }) => directory !== realPath);
        return Promise.resolve();
      });
    return file;
  }

  async #mkdir(path: string, options?: Deno.MkdirOptions): Promise<void> {
    if (await exists(path)) return;
    const parent = parentOf(path);
    if (options?.recursive && !await exists(parent)) await this.#mkdir(parent, options);
    await this.#step(() => real.mkdir(path, options));
    this.#named(path, () => real.remove(path, { recursive: true }));
  }

  async #makeTempFile(options?: Deno.MakeTempOptions): Promise<string> {
    const path = await this.#step(() => real.makeTempFile(options));
    this.#named(path, () => real.remove(path));
    return path;
  }

  async #rename(from: string, to: string): Promise<void> {
    const before = await Deno.readFile(to).catch(() => undefined);
    await this.#step(() => real.rename(from, to));
    if (this.#unsyncedFiles.delete(from)) this.#unsyncedFiles.add(to);
    // The name that it had before is back then, and an orphan at worst.
    this.#named(to, async () => {
      await real.rename(to, from);
      if (before) await Deno.writeFile(to, before);
    });
  }

  async #remove(path: string, options?: Deno.RemoveOptions): Promise<void> {
    const before = await Deno.readFile(path).catch(() => undefined);
    await this.#step(() => real.remove(path, options));
    this.#named(path, async () => {
      if (before) await Deno.writeFile(path, before);
    });
  }

  #named(path: string, undo: () => Promise<void>): void {
    if (this.#keepsNames.test(path)) return;
    this.#unsyncedNames.push({
      directory: Deno.realPathSync(parentOf(path)),
      // It may be in a directory that is gone itself.
      undo: () => undo().catch(() => {}),
    });
  }
}

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}
