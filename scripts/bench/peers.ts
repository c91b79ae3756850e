import type { Program } from "./measure.ts";

/** Another tool that pushes archives. */
export interface Peer {
  /** Its name, and how it is used. */
  name: string;
  /** Pushes an archive to a target without TLS. */
  program: (archive: string, target: string) => Program;
}

const PEERS: readonly Peer[] = [
  {
    name: "skopeo copy",
    program: (archive, target) => ({
      command: [
        "skopeo",
        "copy",
        "--dest-tls-verify=false",
        `docker-archive:${archive}`,
        `docker://${target}`,
      ],
    }),
  },
  {
    name: "crane push",
    program: (archive, target) => ({ command: ["crane", "push", "--insecure", archive, target] }),
  },
  {
    name: "regctl image import",
    program: (archive, target) => ({
      command: [
        "regctl",
        "--host",
        `reg=${target.split("/")[0]},tls=disabled`,
        "image",
        "import",
        target,
        archive,
      ],
    }),
  },
  {
    name: "oras cp",
    program: (archive, target) => ({
      command: ["oras", "cp", "--from-oci-layout", `${archive}:1`, "--to-plain-http", target],
    }),
  },
];

/**
 * Finds out which other tools are there.
 *
 * @returns Those that are installed.
 */
export async function findPeers(): Promise<Peer[]> {
  const found = await Promise.all(PEERS.map(({ name }) => isInstalled(name.split(" ")[0]!)));
  return PEERS.filter((_, at) => found[at]);
}

/**
 * Looks for a program.
 *
 * @param program Its name.
 * @returns Whether it can be started.
 */
export async function isInstalled(program: string): Promise<boolean> {
  const args = ["-c", `command -v ${program}`];
  return (await new Deno.Command("sh", { args, stdout: "null", stderr: "null" }).output()).success;
}
