/** A file of a package. */
export interface PackageFile {
  /** Where it is in the package, with slashes. */
  name: string;
  /** What is in it. */
  content: Uint8Array;
  /** Whether it is a program. */
  isExecutable: boolean;
}

/** The permissions of a file, as both kinds of archives write them. */
export function modeOf({ isExecutable }: PackageFile): number {
  return isExecutable ? 0o755 : 0o644;
}

/**
 * Makes a file that is no program.
 *
 * @param name Where it is in the package.
 * @param text What is in it.
 * @returns The file.
 */
export function textFile(name: string, text: string): PackageFile {
  return { name, content: new TextEncoder().encode(text), isExecutable: false };
}
