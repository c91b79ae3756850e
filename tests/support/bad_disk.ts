import { runCommand } from "./run_command.ts";
import { makeTempDir } from "./temp_dir.ts";

/** A disk of its own, mounted somewhere. */
export interface BadDisk extends AsyncDisposable {
  /** Where. */
  readonly path: string;
}

/**
 * Mounts a disk on which nothing, or hardly anything, can be kept; as root, on Linux.
 *
 * @param state What is wrong with it; an empty one has 64 KiB.
 * @returns The disk; disposing it takes it away.
 */
export async function mountBadDisk(state: "empty" | "full" | "read-only"): Promise<BadDisk> {
  await using resources = new AsyncDisposableStack();
  const { path, join } = resources.use(await makeTempDir());
  await runCommand(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", path]);
  resources.defer(async () => void await runCommand(["umount", "--lazy", path]));
  if (state === "full") await fill(join("fill"));
  if (state === "read-only") await runCommand(["mount", "-o", "remount,ro", path]);
  const held = resources.move();
  return { path, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

async function fill(path: string): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true });
  const block = new Uint8Array(4096);
  try {
    while (true) await file.write(block);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
  }
}
