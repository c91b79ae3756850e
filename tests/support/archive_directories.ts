import { type OciPart, type TarMember, toBytes } from "./archives.ts";

const DIRECTORY = "5";
const SYMLINK = "2";

/**
 * Writes members as files of a directory instead of a tar file.
 *
 * @param directory Where; it is made.
 * @param members Files, directories and symbolic links.
 * @returns The directory.
 */
export async function writeDirectory(directory: string, members: readonly TarMember[]): Promise<string> {
  await Deno.mkdir(directory, { recursive: true });
  for (const { name, body = "", type, linkTarget = "" } of members) {
    const path = `${directory}/${name}`;
    const parent = type === DIRECTORY ? path : path.slice(0, path.lastIndexOf("/"));
    await Deno.mkdir(parent, { recursive: true });
    if (type === SYMLINK) await Deno.symlink(linkTarget, path);
    else if (type !== DIRECTORY) await Deno.writeFile(path, toBytes(body));
  }
  return directory;
}

/**
 * Makes what `skopeo copy … dir:` writes: the manifest or index itself as `manifest.json`, blobs under bare digits, and the
 * manifests that an index lists with a suffix.
 *
 * @param root The image.
 * @param manifests Digests of the manifests below it.
 * @returns The members.
 */
export function dirTransportMembers(root: OciPart, manifests: readonly string[] = []): TarMember[] {
  const nameOf = (path: string): string => {
    const hex = path.slice(path.lastIndexOf("/") + 1);
    if (root.descriptor.digest.endsWith(hex)) return "manifest.json";
    return manifests.some((digest) => digest.endsWith(hex)) ? `${hex}.manifest.json` : hex;
  };
  const members = new Map(root.members.map((member) => [nameOf(member.name), member]));
  return [
    ...[...members].map(([name, member]) => ({ ...member, name })),
    { name: "version", body: "Directory Transport Version: 1.1\n" },
  ];
}
