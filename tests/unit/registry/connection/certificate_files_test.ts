import assert from "node:assert/strict";
import { isPusherError } from "../../../../lib/errors.ts";
import {
  readCertificates,
  readClientCertificate,
} from "../../../../lib/registry/connection/certificate_files.ts";
import { createCertificateAuthority } from "../../../support/certificate.ts";
import { makeTempDir, type TempDir } from "../../../support/temp_dir.ts";

async function written(files: Record<string, string>): Promise<TempDir> {
  const dir = await makeTempDir();
  for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(dir.join(name), text);
  return dir;
}

async function assertInvalid(reading: Promise<unknown>, path: string, message: RegExp): Promise<void> {
  await assert.rejects(reading, (error) => {
    assert.ok(isPusherError(error, "CONFIG_INVALID"), String(error));
    assert.equal(error.detail.path, path);
    assert.match(error.message, message);
    return true;
  });
}

Deno.test("readCertificates() takes one certificate or several, and refuses what is none", async () => {
  const { cert } = await createCertificateAuthority();
  const damaged = cert.replace(/\n[^-]{20}/, "\nAAAAAAAAAAAAAAAAAAAA");
  await using dir = await written({
    one: cert,
    two: `# mine\n${cert}\n# theirs\n${cert}`,
    none: "a certificate",
    empty: "",
    damaged,
    large: cert + " ".repeat(2 ** 20),
  });
  assert.equal(await readCertificates(dir.join("one")), cert);
  assert.match(await readCertificates(dir.join("two")), /mine[^]*theirs/);
  const reasons: Record<string, RegExp> = {
    none: /it holds none in PEM/,
    empty: /it holds none in PEM/,
    damaged: /one of them is damaged/,
    large: /larger than 1 MiB/,
    missing: /no such file/,
  };
  for (const [name, reason] of Object.entries(reasons)) {
    await assertInvalid(readCertificates(dir.join(name)), dir.join(name), reason);
  }
});

Deno.test("readClientCertificate() takes a pair, and refuses what does not belong together", async () => {
  const authority = await createCertificateAuthority();
  const ann = await authority.issue(["ann"]);
  const eve = await authority.issue(["eve"]);
  const encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
  await using dir = await written({
    "ann.pem": ann.cert,
    "ann.key": ann.key,
    "eve.key": eve.key,
    "encrypted.key": encrypted,
    "none.key": ann.cert,
  });
  const { cert, key } = ann;
  assert.deepEqual(await readClientCertificate(dir.join("ann.pem"), dir.join("ann.key")), { cert, key });
  const reasons: [string, string, string, RegExp][] = [
    ["ann.pem", "eve.key", "eve.key", /it does not belong to ".*ann\.pem"/],
    ["ann.pem", "encrypted.key", "encrypted.key", /it is encrypted/],
    ["ann.pem", "none.key", "none.key", /no private key/],
    ["ann.key", "ann.key", "ann.key", /holds none/],
    ["missing.pem", "ann.key", "missing.pem", /no such file/],
  ];
  for (const [certName, keyName, wrong, reason] of reasons) {
    const reading = readClientCertificate(dir.join(certName), dir.join(keyName));
    await assertInvalid(reading, dir.join(wrong), reason);
  }
});
