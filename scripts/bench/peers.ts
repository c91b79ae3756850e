import type { Program } from "./measure.ts";

/** What other tools are compared in. */
export type PeerTask = "push" | "compress" | "pull" | "copy";

/** Another tool, and how it does what is measured. */
export interface Peer {
  /** Its name, and how it is used. */
  name: string;
  /** Makes the command: archives are paths, images are references; where to comes last. No TLS. */
  program: (from: string, to: string) => Program;
}

/** These send layers as they are, and {@linkcode COMPRESSING} cannot but compress them. */
const PUSHING: readonly Peer[] = [
  {
    name: "skopeo copy --preserve-digests",
    program: (from, to) => skopeo("--preserve-digests", `docker-archive:${from}`, `docker://${to}`),
  },
  { name: "regctl image import", program: (from, to) => regctl([to], "import", to, from) },
  {
    name: "oras cp",
    program: (from, to) => ({
      command: ["oras", "cp", "--from-oci-layout", `${from}:1`, "--to-plain-http", to],
    }),
  },
];

const COMPRESSING: readonly Peer[] = [
  {
    name: "skopeo copy, with gzip,",
    program: (from, to) => skopeo(`docker-archive:${from}`, `docker://${to}`),
  },
  {
    name: "crane push, with gzip,",
    program: (from, to) => ({ command: ["crane", "push", "--insecure", from, to] }),
  },
];

const PULLING: readonly Peer[] = [
  {
    name: "skopeo copy to docker-archive",
    program: (from, to) => skopeo(`docker://${from}`, `docker-archive:${to}:bench:1`),
  },
  {
    name: "skopeo copy to oci-archive",
    program: (from, to) => skopeo(`docker://${from}`, `oci-archive:${to}:bench:1`),
  },
  { name: "crane pull", program: (from, to) => ({ command: ["crane", "pull", "--insecure", from, to] }) },
  { name: "regctl image export", program: (from, to) => regctl([from], "export", from, to) },
  {
    name: "oras backup",
    program: (from, to) => ({ command: ["oras", "backup", "--plain-http", "--output", to, from] }),
  },
];

const COPYING: readonly Peer[] = [
  {
    name: "skopeo copy",
    program: (from, to) => skopeo(`docker://${from}`, `docker://${to}`),
  },
  { name: "crane copy", program: (from, to) => ({ command: ["crane", "copy", "--insecure", from, to] }) },
  { name: "regctl image copy", program: (from, to) => regctl([from, to], "copy", from, to) },
  {
    name: "oras cp",
    program: (from, to) => ({ command: ["oras", "cp", "--from-plain-http", "--to-plain-http", from, to] }),
  },
];

const PEERS: Readonly<Record<PeerTask, readonly Peer[]>> = {
  push: PUSHING,
  compress: COMPRESSING,
  pull: PULLING,
  copy: COPYING,
};

/**
 * Finds out which other tools are there.
 *
 * @param task What they are to do.
 * @returns Those that are installed.
 */
export async function findPeers(task: PeerTask): Promise<Peer[]> {
  const found = await Promise.all(PEERS[task].map(({ name }) => isInstalled(name.split(" ")[0]!)));
  return PEERS[task].filter((_, at) => found[at]);
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

function skopeo(...args: string[]): Program {
  const options = [
    "--insecure-policy",
    "copy",
    "--quiet",
    "--src-tls-verify=false",
    "--dest-tls-verify=false",
  ];
  return { command: ["skopeo", ...options, ...args] };
}

function regctl(references: readonly string[], ...args: string[]): Program {
  const hosts = references.flatMap((reference) => ["--host", `reg=${reference.split("/")[0]},tls=disabled`]);
  return { command: ["regctl", ...hosts, "image", ...args] };
}
