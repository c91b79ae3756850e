/**
 * Certificates made on the spot: no openssl, no key in the repository.
 *
 * @module
 */

/** A certificate with its key, as servers and clients want them. */
export interface Certificate {
  /** The certificate in PEM, and those between it and the authority that clients trust. */
  cert: string;
  /** Its private key in PEM (PKCS #8). */
  key: string;
  /** The certificate in DER. */
  der: Uint8Array;
  /** The private key, to sign with. */
  privateKey: CryptoKey;
}

/** What is special about a certificate. */
export interface IssueOptions {
  /**
   * Last moment it is valid, as `YYMMDDhhmmssZ`.
   *
   * @default {the end of 2049}
   */
  notAfter?: string;
}

/** Someone who issues certificates. */
export interface CertificateAuthority {
  /** Its own certificate in PEM, and those between it and the root: what clients must trust. */
  cert: string;
  /**
   * Issues a certificate.
   *
   * @param hosts What it is good for: names, IPv4 addresses, `::1`; the name of a client.
   * @param options What is special about it.
   */
  issue(hosts: readonly string[], options?: IssueOptions): Promise<Certificate>;
  /** Makes an authority that this one vouches for. */
  issueAuthority(): Promise<CertificateAuthority>;
}

const ECDSA = { name: "ECDSA", namedCurve: "P-256" };
const OID = {
  commonName: [2, 5, 4, 3],
  subjectAltName: [2, 5, 29, 17],
  basicConstraints: [2, 5, 29, 19],
  ecdsaWithSha256: [1, 2, 840, 10045, 4, 3, 2],
};
const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  sequence: 0x30,
  set: 0x31,
};

/**
 * Makes a certificate authority.
 *
 * @returns The authority; its certificate is valid from 2020 to 2049.
 * @see https://www.rfc-editor.org/rfc/rfc5280#section-4.1
 */
export async function createCertificateAuthority(): Promise<CertificateAuthority> {
  const keys = await generateKeys();
  const issuer = { name: "Test authority", privateKey: keys.privateKey };
  const cert = await sign({ subject: issuer.name, extension: authorityExtension() }, keys.publicKey, issuer);
  return authority(issuer, pem("CERTIFICATE", cert), "");
}

/**
 * Makes a certificate that nobody but itself vouches for, as `openssl req -x509` does.
 *
 * @param host What it is good for.
 * @returns The certificate; it is marked as an authority.
 */
export async function createSelfSignedCertificate(host: string): Promise<Certificate> {
  const keys = await generateKeys();
  const issuer = { name: host, privateKey: keys.privateKey };
  const extension = [...authorityExtension(), ...namesExtension([host])];
  return await certificate(await sign({ subject: host, extension }, keys.publicKey, issuer), keys.privateKey);
}

interface Issuer {
  name: string;
  privateKey: CryptoKey;
}

/** An authority; `chain` is what has to come after the certificates it issues. */
function authority(issuer: Issuer, cert: string, chain: string): CertificateAuthority {
  return {
    cert,
    async issue(hosts, options = {}) {
      const keys = await generateKeys();
      const content = { subject: hosts[0]!, extension: namesExtension(hosts), ...options };
      const issued = await certificate(await sign(content, keys.publicKey, issuer), keys.privateKey);
      return { ...issued, cert: issued.cert + chain };
    },
    async issueAuthority() {
      const keys = await generateKeys();
      const name = `${issuer.name}'s deputy`;
      const content = { subject: name, extension: authorityExtension() };
      const deputy = pem("CERTIFICATE", await sign(content, keys.publicKey, issuer));
      return authority({ name, privateKey: keys.privateKey }, deputy + chain, deputy + chain);
    },
  };
}

async function certificate(issued: Uint8Array, privateKey: CryptoKey): Promise<Certificate> {
  const key = new Uint8Array(await crypto.subtle.exportKey("pkcs8", privateKey));
  return { cert: pem("CERTIFICATE", issued), key: pem("PRIVATE KEY", key), der: issued, privateKey };
}

function authorityExtension(): Uint8Array[] {
  const isAuthority = der(TAG.sequence, der(TAG.boolean, [0xff]));
  return [
    der(
      TAG.sequence,
      oid(OID.basicConstraints),
      der(TAG.boolean, [0xff]),
      der(TAG.octetString, isAuthority),
    ),
  ];
}

function namesExtension(hosts: readonly string[]): Uint8Array[] {
  const names = der(TAG.sequence, ...hosts.map(alternativeName));
  return [der(TAG.sequence, oid(OID.subjectAltName), der(TAG.octetString, names))];
}

async function sign(
  { subject, extension, notAfter = "491231235959Z" }: {
    subject: string;
    extension: Uint8Array[];
    notAfter?: string;
  },
  publicKey: CryptoKey,
  issuer: Issuer,
): Promise<Uint8Array> {
  const algorithm = der(TAG.sequence, oid(OID.ecdsaWithSha256));
  const body = der(
    TAG.sequence,
    der(0xa0, der(TAG.integer, [2])),
    integer(crypto.getRandomValues(new Uint8Array(16))),
    algorithm,
    distinguishedName(issuer.name),
    der(TAG.sequence, der(TAG.utcTime, ascii("200101000000Z")), der(TAG.utcTime, ascii(notAfter))),
    distinguishedName(subject),
    new Uint8Array(await crypto.subtle.exportKey("spki", publicKey)),
    der(0xa3, der(TAG.sequence, ...extension)),
  );
  const signed = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, issuer.privateKey, body);
  const raw = new Uint8Array(signed);
  const signature = der(TAG.sequence, integer(raw.subarray(0, 32)), integer(raw.subarray(32)));
  return der(TAG.sequence, body, algorithm, der(TAG.bitString, [0], signature));
}

function generateKeys(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(ECDSA, true, ["sign", "verify"]) as Promise<CryptoKeyPair>;
}

function distinguishedName(name: string): Uint8Array {
  const attribute = der(TAG.sequence, oid(OID.commonName), der(TAG.utf8String, ascii(name)));
  return der(TAG.sequence, der(TAG.set, attribute));
}

function alternativeName(host: string): Uint8Array {
  if (/^[\d.]+$/.test(host)) return der(0x87, host.split(".").map(Number));
  if (host === "::1") return der(0x87, [...new Array(15).fill(0), 1]);
  return der(0x82, ascii(host));
}

/** A non-negative number of any size: DER wants it as short as it goes, and a zero before a first bit that is set. */
function integer(bytes: Uint8Array): Uint8Array {
  const start = bytes.findIndex((byte) => byte !== 0);
  const significant = start < 0 ? bytes.subarray(-1) : bytes.subarray(start);
  return der(TAG.integer, significant[0]! >= 0x80 ? [0] : [], significant);
}

function oid([first = 0, second = 0, ...rest]: readonly number[]): Uint8Array {
  const bytes = [first * 40 + second];
  for (const part of rest) {
    const digits = [part & 0x7f];
    for (let left = part >> 7; left > 0; left >>= 7) digits.unshift((left & 0x7f) | 0x80);
    bytes.push(...digits);
  }
  return der(TAG.oid, bytes);
}

function der(tag: number, ...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array<ArrayBuffer> {
  const content = parts.flatMap((part) => [...part]);
  const length = content.length < 0x80
    ? [content.length]
    : content.length < 0x100
    ? [0x81, content.length]
    : [0x82, content.length >> 8, content.length & 0xff];
  return Uint8Array.from([tag, ...length, ...content]);
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function pem(label: string, bytes: Uint8Array): string {
  const lines = bytes.toBase64().match(/.{1,64}/g)!.join("\n");
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}
