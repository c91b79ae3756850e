import assert from "node:assert/strict";
import { hostSettings } from "../../../lib/commands/network_options.ts";
import { isPusherError } from "../../../lib/errors.ts";
import { parseConfig } from "../../../lib/state/config_file.ts";
import { createCertificateAuthority } from "../../support/certificate.ts";
import { makeTempDir } from "../../support/temp_dir.ts";

const NOTHING = { env: () => undefined };

Deno.test("hostSettings() does what flags say to the registry's own host only", async () => {
  await using dir = await makeTempDir();
  const authority = await createCertificateAuthority();
  const ann = await authority.issue(["ann"]);
  const files = { "ca.pem": authority.cert, "ann.pem": ann.cert, "ann.key": ann.key };
  for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(dir.join(name), text);
  const flags = {
    plainHttp: true,
    insecureSkipTlsVerify: true,
    caFiles: [dir.join("ca.pem")],
    certFile: dir.join("ann.pem"),
    keyFile: dir.join("ann.key"),
  };
  const settingsOf = hostSettings("r.example:5000", flags, NOTHING);
  const clientCertificate = { cert: ann.cert, key: ann.key };
  const caCerts = [authority.cert];
  for (const host of ["r.example:5000", "r.example:5001", "R.example"]) {
    const all = { plainHttp: true, insecureSkipTlsVerify: true, caCerts, clientCertificate };
    assert.deepEqual(await settingsOf(host), all, host);
  }
  const none = { plainHttp: undefined, insecureSkipTlsVerify: undefined, clientCertificate: undefined };
  for (const host of ["auth.example", "cdn.r.example", "r.example.com"]) {
    assert.deepEqual(await settingsOf(host), { ...none, caCerts }, host);
  }
});

Deno.test("hostSettings() lets flags go before the configuration, and an entry before its defaults", async () => {
  const config = await parseConfig(
    `
defaults: { insecureSkipTlsVerify: true, plainHttp: false }
hosts:
  r.example: { plainHttp: true, insecureSkipTlsVerify: false }
  auth.example: { plainHttp: true }
`,
    "config.yaml",
  );
  const given = async (registry: string, host: string, flags = {}): Promise<unknown> => {
    const { plainHttp, insecureSkipTlsVerify } = await hostSettings(registry, flags, { ...NOTHING, config })(
      host,
    );
    return [plainHttp, insecureSkipTlsVerify];
  };
  assert.deepEqual(await given("r.example", "r.example"), [true, false]);
  assert.deepEqual(await given("r.example", "r.example", { insecureSkipTlsVerify: true }), [true, true]);
  assert.deepEqual(await given("other.example", "other.example"), [false, true]);
  assert.deepEqual(await given("other.example", "other.example", { plainHttp: true }), [true, true]);
  // What a registry points at has not been chosen by the user.
  assert.deepEqual(await given("other.example", "cdn.example"), [undefined, undefined]);
  assert.deepEqual(await given("other.example", "auth.example"), [true, undefined]);
});

Deno.test("hostSettings() refuses half of a client certificate", async () => {
  const halves = [[{ certFile: "ann.pem" }, "--key-file"], [{ keyFile: "ann.key" }, "--cert-file"]] as const;
  for (const [flags, missing] of halves) {
    await assert.rejects(hostSettings("r.example", flags, NOTHING)("r.example"), (error) => {
      assert.ok(isPusherError(error, "USAGE"));
      assert.equal(error.detail.option, missing);
      return true;
    });
  }
});

Deno.test("hostSettings() tells which files it takes", async () => {
  await using home = await makeTempDir();
  const authority = await createCertificateAuthority();
  const directory = home.join(".docker/certs.d/r.example");
  await Deno.mkdir(directory, { recursive: true });
  await Deno.writeTextFile(`${directory}/ca.crt`, authority.cert);
  const told: string[] = [];
  const env = (name: string): string | undefined => name === "HOME" ? home.path : undefined;
  const onTrace = (line: string): void => void told.push(line);
  const flags = { caFiles: [`${directory}/ca.crt`] };
  await hostSettings("r.example", flags, { env, onTrace })("r.example");
  const line = `certificate for r.example: ${directory}/ca.crt`;
  assert.deepEqual(told, [line, line]);
});
