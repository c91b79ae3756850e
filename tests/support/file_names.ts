/**
 * Lists a directory.
 *
 * @param directory Its path.
 * @returns The names in it, hidden ones too, sorted.
 */
export async function fileNames(directory: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(directory), ({ name }) => name)).sort();
}
