import { PusherError } from "../../errors.ts";
import { printable } from "../../util/printable.ts";
import { systemReason } from "../../util/system_reason.ts";
import type { ClientCertificate } from "./host_settings.ts";

/** Bundles of all the world's authorities are a quarter of that. */
const MAX_FILE_BYTES = 2 ** 20;
const CERTIFICATE_REGEXP = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/;

/**
 * Reads certificates to trust.
 *
 * @param path A file with one certificate or several, in PEM.
 * @returns Its text.
 * @throws {PusherError} `CONFIG_INVALID` if it cannot be read, or holds no certificate.
 */
export async function readCertificates(path: string): Promise<string> {
  const text = await readText(path, "the certificates");
  if (!CERTIFICATE_REGEXP.test(text)) throw invalid(path, "the certificates", "it holds none in PEM");
  try {
    Deno.createHttpClient({ caCerts: [text] }).close();
  } catch {
    throw invalid(path, "the certificates", "one of them is damaged");
  }
  return text;
}

/**
 * Reads the certificate that a host is shown when it asks who we are.
 *
 * @param certPath File with the certificate, and those between it and its authority, in PEM.
 * @param keyPath File with its private key in PEM, not encrypted.
 * @returns Both.
 * @throws {PusherError} `CONFIG_INVALID` if they cannot be read, or do not belong together.
 */
export async function readClientCertificate(certPath: string, keyPath: string): Promise<ClientCertificate> {
  const cert = await readText(certPath, "the client certificate");
  const key = await readText(keyPath, "the key");
  if (!CERTIFICATE_REGEXP.test(cert)) {
    throw invalid(certPath, "the client certificate", "it holds none in PEM");
  }
  if (/ENCRYPTED/.test(key)) throw invalid(keyPath, "the key", "it is encrypted");
  if (!/PRIVATE KEY-----/.test(key)) throw invalid(keyPath, "the key", "it holds no private key in PEM");
  try {
    Deno.createHttpClient({ cert, key }).close();
  } catch (error) {
    const isOther = error instanceof Error && /KeyMismatch/.test(error.message);
    const reason = isOther ? `it does not belong to "${printable(certPath)}"` : "it is damaged";
    throw invalid(keyPath, "the key", reason);
  }
  return { cert, key };
}

async function readText(path: string, what: string): Promise<string> {
  try {
    const { size, isFile } = await Deno.stat(path);
    if (isFile && size > MAX_FILE_BYTES) throw invalid(path, what, "it is larger than 1 MiB");
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof PusherError) throw error;
    throw invalid(path, what, systemReason(error));
  }
}

function invalid(path: string, what: string, reason: string): PusherError {
  return new PusherError("CONFIG_INVALID", `Cannot read ${what} of "${printable(path)}": ${reason}`, {
    detail: { path },
    hint: "PEM files begin with -----BEGIN; openssl converts others, and decrypts keys.",
  });
}
