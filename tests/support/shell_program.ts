import type { TempDir } from "./temp_dir.ts";

/**
 * Puts a program on a PATH.
 *
 * @param folder Where; what the PATH should hold.
 * @param name What it is called.
 * @param script What it does, for `/bin/sh`.
 */
export async function writeShellProgram(folder: TempDir, name: string, script: string): Promise<void> {
  await Deno.writeTextFile(folder.join(name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}
