/**
 * The authorities that this machine trusts, in addition to Mozilla's that Deno brings along: the system's store, or
 * what `SSL_CERT_FILE` and `SSL_CERT_DIR` name.
 *
 * @returns Their certificates in PEM. None where this is not allowed (`--allow-sys=ca`) or a file is missing:
 * Mozilla's remain, and a host whose authority nobody knows is told of by name.
 */
export async function machineCertificates(): Promise<string[]> {
  try {
    const { getCACertificates } = await import("node:tls");
    const found = getCACertificates("system");
    return isUsable(found) ? found : found.filter((each) => isUsable([each]));
  } catch {
    return [];
  }
}

function isUsable(caCerts: string[]): boolean {
  try {
    Deno.createHttpClient({ caCerts }).close();
    return true;
  } catch {
    return false;
  }
}
