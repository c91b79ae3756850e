import { PusherError } from "../errors.ts";

const DIRECTORY_NAME = ".docker-image-pusher";

/** Where to look for the state directory. */
export interface StateDirectoryOptions {
  /** Value of `--state-dir`. */
  flag?: string | undefined;
  /** Environment variables. */
  env: (name: string) => string | undefined;
  /** Working directory. */
  cwd: string;
}

/**
 * Decides where state is kept: `--state-dir`, else `DOCKER_IMAGE_PUSHER_STATE_DIR`, else `.docker-image-pusher` in
 * the working directory if it exists there, else in the home directory. Nothing is created.
 *
 * @param options Where to look.
 * @returns Path of a directory that may not exist yet.
 * @throws {PusherError} `USAGE` if nothing names a directory and there is no home either.
 *
 * @example Usage
 * ```ts
 * import { resolveStateDirectory } from "./state_directory.ts";
 * import assert from "node:assert/strict";
 *
 * const env = (name: string) => name === "HOME" ? "/home/ann" : undefined;
 * assert.equal(await resolveStateDirectory({ env, cwd: "/nowhere" }), "/home/ann/.docker-image-pusher");
 * ```
 */
export async function resolveStateDirectory(options: StateDirectoryOptions): Promise<string> {
  const { flag, env, cwd } = options;
  const named = flag || env("DOCKER_IMAGE_PUSHER_STATE_DIR");
  if (named) return named;
  const local = `${cwd}/${DIRECTORY_NAME}`;
  if (await isDirectory(local)) return local;
  const home = env("HOME") || env("USERPROFILE");
  if (home) return `${home}/${DIRECTORY_NAME}`;
  throw new PusherError(
    "USAGE",
    "Cannot find a directory for state: neither HOME nor USERPROFILE is set",
    { detail: { option: "--state-dir" }, hint: "Name a directory with --state-dir." },
  );
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isDirectory;
  } catch {
    return false;
  }
}
