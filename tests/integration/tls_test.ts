import assert from "node:assert/strict";
import {
  type Certificate,
  createCertificateAuthority,
  createSelfSignedCertificate,
} from "../support/certificate.ts";
import { testWith } from "../support/real_parts.ts";
import { type RealRegistry, startRealRegistry } from "../support/real_registry.ts";
import { assertRefused, type Refusal } from "../support/refusal.ts";
import { type CliResult, runCli } from "../support/run_cli.ts";
import { makeTempDir, type TempDir } from "../support/temp_dir.ts";

const ARCHIVE = new URL("../fixtures/archives/docker2010-one.tar", import.meta.url).pathname;
const USERS = { ann: "s3cret" };

/** Pushes an image to a registry; files are written to the home directory first. */
async function push(
  { host }: RealRegistry,
  home: TempDir,
  options: { flags?: readonly string[]; files?: Record<string, string>; env?: Record<string, string> } = {},
): Promise<CliResult> {
  const { flags = [], files = {}, env = {} } = options;
  for (const [name, text] of Object.entries(files)) {
    await Deno.mkdir(home.join(name.replace(/[^/]+$/, "")), { recursive: true });
    await Deno.writeTextFile(home.join(name), text);
  }
  return await runCli(["push", ARCHIVE, "-t", `${host}/app:1`, ...flags], { home, env });
}

function assertPushed({ code, stdout, stderr }: CliResult): void {
  assert.equal(code, 0, stderr);
  assert.match(stdout, /app:1@sha256:[0-9a-f]{64}\n$/);
}

testWith(
  ["registry", "htpasswd"],
  "login and push trust an authority and its deputy with --ca-file",
  async () => {
    const root = await createCertificateAuthority();
    const deputy = await root.issueAuthority();
    await using home = await makeTempDir();
    await using registry = await startRealRegistry({
      auth: { type: "htpasswd", users: USERS },
      tls: await deputy.issue(["127.0.0.1"]),
    });
    const flags = ["--ca-file", "company.pem"];
    const files = { "company.pem": root.cert };
    assertRefused(await push(registry, home, { files }), {
      code: 5,
      message: /signed by an unknown authority/,
      hint: /--ca-file.*certs\.d.*--insecure-skip-tls-verify/,
    });
    const login = ["login", registry.host, "-u", "ann", "--password-stdin", ...flags];
    assert.equal((await runCli(login, { home, stdin: USERS.ann })).code, 0);
    assertPushed(await push(registry, home, { flags }));
  },
);

testWith(["registry"], "push trusts what docker, podman and this machine trust", async () => {
  const authority = await createCertificateAuthority();
  await using registry = await startRealRegistry({ tls: await authority.issue(["127.0.0.1"]) });
  const places: { files: Record<string, string>; env?: Record<string, string> }[] = [
    { files: { [`.docker/certs.d/${registry.host}/ca.crt`]: authority.cert } },
    { files: { [`.config/containers/certs.d/${registry.host}/ca.crt`]: authority.cert } },
    { files: { "machine.pem": authority.cert }, env: { SSL_CERT_FILE: "machine.pem" } },
  ];
  for (const place of places) {
    await using home = await makeTempDir();
    assertPushed(await push(registry, home, place));
  }
});

testWith(["registry"], "push shows its certificate to a registry that asks for one", async () => {
  const authority = await createCertificateAuthority();
  const clients = await createCertificateAuthority();
  const client = await clients.issue(["ann"]);
  await using registry = await startRealRegistry({
    tls: { ...await authority.issue(["127.0.0.1"]), clientAuthorities: clients.cert },
  });
  const files = { "ca.pem": authority.cert, "ann.pem": client.cert, "ann.key": client.key };
  await using home = await makeTempDir();
  assertRefused(await push(registry, home, { files, flags: ["--ca-file", "ca.pem"] }), {
    code: 5,
    message: /asks for a client certificate/,
    hint: /--cert-file and --key-file/,
  });
  const pair = ["--cert-file", "ann.pem", "--key-file", "ann.key"];
  assertPushed(await push(registry, home, { flags: ["--ca-file", "ca.pem", ...pair] }));
  assertPushed(await push(registry, home, { flags: ["--insecure-skip-tls-verify", ...pair] }));

  await using other = await makeTempDir();
  const directory = `.docker/certs.d/${registry.host}`;
  assertPushed(
    await push(registry, other, {
      files: {
        [`${directory}/ca.crt`]: authority.cert,
        [`${directory}/client.cert`]: client.cert,
        [`${directory}/client.key`]: client.key,
      },
    }),
  );
});

const FAULTS: { what: string; make: () => Promise<[Certificate, ca?: string]>; refusal: Refusal }[] = [
  {
    what: "has expired",
    async make() {
      const authority = await createCertificateAuthority();
      return [await authority.issue(["127.0.0.1"], { notAfter: "210101000000Z" }), authority.cert];
    },
    refusal: {
      code: 5,
      message: /has expired: the limit is 2021-01-01/,
      hint: /clock.*--insecure-skip-tls-verify/,
    },
  },
  {
    what: "is for another host",
    async make() {
      const authority = await createCertificateAuthority();
      return [await authority.issue(["other.example"]), authority.cert];
    },
    refusal: { code: 5, message: /is for other\.example/, hint: /Use a name.*--insecure-skip-tls-verify/ },
  },
  {
    what: "is signed by itself",
    make: async () => [await createSelfSignedCertificate("127.0.0.1")],
    refusal: {
      code: 5,
      message: /is signed by itself/,
      hint: /--ca-file.*ca\.crt.*--insecure-skip-tls-verify/,
    },
  },
];

for (const { what, make, refusal } of FAULTS) {
  testWith(["registry"], `push refuses a certificate that ${what}, unless told to take any`, async () => {
    await using home = await makeTempDir();
    const [tls, ca] = await make();
    await using registry = await startRealRegistry({ tls });
    const trust = ca ? { files: { "ca.pem": ca }, flags: ["--ca-file", "ca.pem"] } : {};
    assertRefused(await push(registry, home, trust), refusal);
    assertPushed(await push(registry, home, { flags: ["--insecure-skip-tls-verify"] }));
  });
}

testWith(
  ["registry"],
  "push takes a certificate that is its own authority when it is given, and no other",
  async () => {
    await using home = await makeTempDir();
    const tls = await createSelfSignedCertificate("127.0.0.1");
    await using registry = await startRealRegistry({ tls });
    const files = { "own.pem": tls.cert, "other.pem": (await createSelfSignedCertificate("127.0.0.1")).cert };
    assertPushed(await push(registry, home, { files, flags: ["--ca-file", "own.pem"] }));
    const refused = await push(registry, home, { flags: ["--ca-file", "other.pem"] });
    assertRefused(refused, { code: 5, message: /signed by itself/, hint: /--ca-file/ });
  },
);
