import { gzipSync } from "node:zlib";
import { packTar } from "modern-tar";
import { modeOf, type PackageFile } from "./package_file.ts";

/** Where the header of gzip says which system made it. */
const GZIP_SYSTEM_OFFSET = 9;

const UNKNOWN_SYSTEM = 255;

/**
 * Makes a tar archive, compressed with gzip; the same of the same files, whoever makes it and wherever.
 *
 * @param files What goes in, in any order.
 * @param epochSeconds When all of them were changed, in seconds since 1970.
 * @returns The archive.
 */
export async function tarGz(files: readonly PackageFile[], epochSeconds: number): Promise<Uint8Array> {
  const sorted = files.toSorted((one, other) => one.name < other.name ? -1 : 1);
  const mtime = new Date(epochSeconds * 1000);
  const tar = await packTar(sorted.map((file) => ({
    header: {
      name: file.name,
      size: file.content.length,
      mode: modeOf(file),
      mtime,
      uid: 0,
      gid: 0,
      uname: "root",
      gname: "root",
    },
    body: file.content,
  })));
  const archive = gzipSync(tar);
  archive[GZIP_SYSTEM_OFFSET] = UNKNOWN_SYSTEM;
  return archive;
}
