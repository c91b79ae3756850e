import { createHash } from "node:crypto";

const NAME = "SHA256SUMS";

/**
 * Lists the checksums of the files of a directory, as `sha256sum` does.
 *
 * @param dir The directory. What is in its directories is left out, and so is the list itself.
 * @returns One line for each file, by name.
 */
export async function checksums(dir: URL): Promise<string> {
  const names = (await Array.fromAsync(Deno.readDir(dir))).filter(({ isFile, name }) =>
    isFile && name !== NAME
  );
  const lines = await Promise.all(
    names.map(({ name }) => name).sort().map(async (name) => {
      const hash = createHash("sha256");
      for await (const chunk of (await Deno.open(new URL(name, dir))).readable) hash.update(chunk);
      return `${hash.digest("hex")}  ${name}\n`;
    }),
  );
  return lines.join("");
}
