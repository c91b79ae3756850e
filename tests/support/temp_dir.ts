/** A directory that is gone with all its content when disposed. */
export interface TempDir extends AsyncDisposable {
  /** Its path. */
  readonly path: string;
  /** The path of something in it. */
  join(name: string): string;
}

/**
 * Makes an empty directory.
 *
 * @returns The directory; use it with `await using`.
 */
export async function makeTempDir(): Promise<TempDir> {
  const path = await Deno.makeTempDir({ prefix: "docker-image-pusher-test-" });
  return {
    path,
    join: (name) => `${path}/${name}`,
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}
