/** A directory for one test. */
export interface TempDirectory extends AsyncDisposable {
  /** Where it is. */
  readonly path: string;
  /** Names in it, sorted. */
  names(): Promise<string[]>;
}

/**
 * Makes an empty directory that is removed with everything in it when disposed.
 *
 * @returns The directory.
 */
export async function createTempDirectory(): Promise<TempDirectory> {
  const path = await Deno.makeTempDir();
  return {
    path,
    async names() {
      return (await Array.fromAsync(Deno.readDir(path), ({ name }) => name)).sort();
    },
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}
