import { runCommand } from "./run_command.ts";

/** How skopeo reaches a registry. */
export interface SkopeoOptions {
  /** `user:password`. */
  credentials?: string;
}

/**
 * Copies an image, for example from `docker://127.0.0.1:5000/app:1` to `oci:folder:1`. Certificates are not checked.
 *
 * @param source Where from, in skopeo's words.
 * @param destination Where to, likewise.
 * @param options Credentials for whichever is a registry.
 */
export async function skopeoCopy(
  source: string,
  destination: string,
  { credentials }: SkopeoOptions = {},
): Promise<void> {
  const side = source.startsWith("docker://") ? "src" : "dest";
  await runCommand([
    "skopeo",
    "--insecure-policy",
    "copy",
    "--all",
    "--src-tls-verify=false",
    "--dest-tls-verify=false",
    ...(credentials ? [`--${side}-creds=${credentials}`] : []),
    source,
    destination,
  ]);
}

/**
 * Reads a manifest or index as it is.
 *
 * @param reference For example `docker://127.0.0.1:5000/app:1`.
 * @param options Credentials.
 * @returns The exact text.
 */
export async function skopeoInspectRaw(
  reference: string,
  { credentials }: SkopeoOptions = {},
): Promise<string> {
  const creds = credentials ? [`--creds=${credentials}`] : [];
  return await runCommand(["skopeo", "inspect", "--raw", "--tls-verify=false", ...creds, reference]);
}
