/** A path, cut where its last part begins. */
export interface FilePath {
  /** The directory; `.` where the path names none. */
  directory: string;
  /** The last part. */
  name: string;
}

/** How {@linkcode splitFilePath} reads a path. */
export interface FilePathOptions {
  /**
   * Whether it is a path of Windows, with drive letters and backslashes.
   *
   * @default {of this system}
   */
  isWindows?: boolean;
}

const WINDOWS_REGEXP = /^(.*[\\/]|[A-Za-z]:)?(.*)$/s;
const POSIX_REGEXP = /^(.*\/)?(.*)$/s;
/** Separators at the end, unless they make it a root. */
const TRAILING_REGEXP = /(?<=[^\\/:])[\\/]+$/;

/**
 * Cuts a path into its directory and its name.
 *
 * @param path As it was given.
 * @param options Whose path it is.
 * @returns Both parts; `directory` can be joined with `/` and a name on every system.
 *
 * @example Usage
 * ```ts
 * import { splitFilePath } from "./file_path.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(splitFilePath("out/app.tar"), { directory: "out", name: "app.tar" });
 * const drive = splitFilePath("C:\\images\\app.tar", { isWindows: true });
 * assert.deepEqual(drive, { directory: "C:\\images", name: "app.tar" });
 * ```
 */
export function splitFilePath(path: string, options: FilePathOptions = {}): FilePath {
  const { isWindows = Deno.build.os === "windows" } = options;
  const [, start = "", name = ""] = (isWindows ? WINDOWS_REGEXP : POSIX_REGEXP).exec(path) ?? [];
  if (start === "") return { directory: ".", name };
  // The working directory of that drive, not its root.
  if (isWindows && start.endsWith(":")) return { directory: `${start}.`, name };
  return {
    directory: isWindows ? start.replace(TRAILING_REGEXP, "") : start.replace(/(?<=.)\/+$/, ""),
    name,
  };
}
