import { seededBytes } from "./seeded_random.ts";
import type { TempDir } from "./temp_dir.ts";

/**
 * Writes what docker and podman build an image of three layers from, without network and containers.
 *
 * @param dir Where; a directory in it is made.
 * @returns The path of that directory.
 */
export async function writeBuildContext(dir: TempDir): Promise<string> {
  const path = dir.join("context");
  await Deno.mkdir(path);
  await Deno.writeTextFile(`${path}/hello`, "hello\n");
  await Deno.writeFile(`${path}/large`, seededBytes(2 ** 20));
  await Deno.writeTextFile(
    `${path}/Dockerfile`,
    "FROM scratch\nCOPY hello /etc/hello\nCOPY large /lib/large\nCOPY hello /app/hello\nENV MODE=test\n",
  );
  return path;
}
