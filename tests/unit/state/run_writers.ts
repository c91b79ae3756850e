import assert from "node:assert/strict";

/**
 * Lets several processes write state at the same time.
 *
 * @param directory The state directory.
 * @param options How many processes, and how many entries each of them writes.
 * @returns What they wrote, as `<writer>-<number>`.
 */
export async function runWriters(
  directory: string,
  { writers, count }: { writers: number; count: number },
): Promise<string[]> {
  const script = new URL("./write_state.ts", import.meta.url).href;
  const names = Array.from({ length: writers }, (_, index) => `writer${index}`);
  await Promise.all(names.map(async (name) => {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-lock", script, directory, name, `${count}`],
      stdin: "null",
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
  }));
  return names.flatMap((name) => Array.from({ length: count }, (_, number) => `${name}-${number}`));
}
