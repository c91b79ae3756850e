import assert from "node:assert/strict";
import { isPusherError } from "../../../../lib/errors.ts";
import { readCertificateDirectories } from "../../../../lib/registry/connection/certificate_directories.ts";
import { createCertificateAuthority } from "../../../support/certificate.ts";
import { makeTempDir, type TempDir } from "../../../support/temp_dir.ts";

const HOST = "r.example:5000";

async function home(files: Record<string, string>): Promise<TempDir> {
  const dir = await makeTempDir();
  for (const [name, text] of Object.entries(files)) {
    await Deno.mkdir(dir.join(name.replace(/\/[^/]*$/, "")), { recursive: true });
    await Deno.writeTextFile(dir.join(name), text);
  }
  return dir;
}

const environment = (dir: TempDir) => (name: string): string | undefined =>
  ({ HOME: dir.path, XDG_CONFIG_HOME: dir.join("xdg") })[name];

Deno.test("readCertificateDirectories() gathers what docker and podman have for a host", async () => {
  const authorities = await Promise.all([1, 2, 3].map(() => createCertificateAuthority()));
  const [ann, bob] = await Promise.all(["ann", "bob"].map((name) => authorities[0]!.issue([name])));
  await using dir = await home({
    [`.docker/certs.d/${HOST}/b.crt`]: authorities[1]!.cert,
    [`.docker/certs.d/${HOST}/a.crt`]: authorities[0]!.cert,
    [`.docker/certs.d/${HOST}/README`]: "not a certificate",
    [`xdg/containers/certs.d/${HOST}/ca.crt`]: authorities[2]!.cert,
    [`xdg/docker/certs.d/${HOST}/client.cert`]: ann!.cert,
    [`xdg/docker/certs.d/${HOST}/client.key`]: ann!.key,
    [`xdg/containers/certs.d/${HOST}/client.cert`]: bob!.cert,
    [`xdg/containers/certs.d/${HOST}/client.key`]: bob!.key,
    ".docker/certs.d/other.example/ca.crt": "not a certificate",
  });
  const found = await readCertificateDirectories(HOST, environment(dir));
  assert.deepEqual(found.caCerts, authorities.map(({ cert }) => cert));
  assert.deepEqual(found.clientCertificate, { cert: ann!.cert, key: ann!.key });
  assert.equal(found.files.length, 5);
});

Deno.test("readCertificateDirectories() finds nothing where there is nothing", async () => {
  await using dir = await home({});
  const none = { caCerts: [], clientCertificate: undefined, files: [] };
  assert.deepEqual(await readCertificateDirectories(HOST, environment(dir)), none);
  assert.deepEqual(await readCertificateDirectories(HOST, () => undefined), none);
});

Deno.test("readCertificateDirectories() names the half of a pair that is missing", async () => {
  const ann = await (await createCertificateAuthority()).issue(["ann"]);
  for (const [end, other, text] of [["cert", "key", ann.cert], ["key", "cert", ann.key]] as const) {
    await using dir = await home({ [`.docker/certs.d/${HOST}/client.${end}`]: text });
    await assert.rejects(readCertificateDirectories(HOST, environment(dir)), (error) => {
      assert.ok(isPusherError(error, "CONFIG_INVALID"));
      assert.equal(error.detail.path, dir.join(`.docker/certs.d/${HOST}/client.${other}`));
      return true;
    });
  }
});
