import assert from "node:assert/strict";
import { hasOwnCertificate } from "../../../../lib/registry/connection/own_certificate.ts";
import { createCertificateAuthority, createSelfSignedCertificate } from "../../../support/certificate.ts";

Deno.test("hasOwnCertificate() tells a host's certificate from an authority's", async () => {
  const { cert: authority } = await createCertificateAuthority();
  const { cert: named } = await createSelfSignedCertificate("r.example");
  const { cert: numbered } = await createSelfSignedCertificate("127.0.0.1");
  const { cert: sixth } = await createSelfSignedCertificate("::1");
  const cases: [string, string[], boolean][] = [
    ["r.example", [], false],
    ["r.example", [authority], false],
    ["r.example", [named], true],
    ["other.example", [named], false],
    ["r.example", [authority, `${authority}\n${named}`], true],
    ["127.0.0.1", [numbered], true],
    ["127.0.0.2", [numbered], false],
    ["[::1]", [sixth], true],
    ["r.example", [numbered, sixth], false],
  ];
  for (const [host, certificates, isOwn] of cases) {
    assert.equal(await hasOwnCertificate(host, certificates), isOwn, host);
  }
});
