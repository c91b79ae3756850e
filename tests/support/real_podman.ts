import { type CommandOptions, runCommand } from "./run_command.ts";
import { makeTempDir } from "./temp_dir.ts";

/** A podman with a storage of its own. */
export interface RealPodman extends AsyncDisposable {
  /** Options that come before podman's command, for those who run it themselves. */
  readonly globalArgs: readonly string[];
  /** Runs podman, for example `["save", "-o", path, name]`, and gives its stdout. */
  run(args: readonly string[], options?: CommandOptions): Promise<string>;
}

/**
 * Sets up a podman; it must be root.
 *
 * @returns The podman; disposing it removes what it kept.
 */
export async function makeRealPodman(): Promise<RealPodman> {
  const dir = await makeTempDir();
  const globalArgs = ["--storage-driver=vfs", `--root=${dir.join("root")}`, `--runroot=${dir.join("run")}`];
  return {
    globalArgs,
    run: (args, options) => runCommand(["podman", ...globalArgs, ...args], options),
    [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose](),
  };
}
