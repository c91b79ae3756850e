import assert from "node:assert/strict";
import { basicAuthorization } from "../../../../lib/registry/auth/basic_authorization.ts";

Deno.test("basicAuthorization() encodes user and password as RFC 7617 says", () => {
  const cases: [string, string, string][] = [
    ["Aladdin", "open sesame", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="],
    ["test", "123£", "Basic dGVzdDoxMjPCow=="],
    ["robot$ci", "", "Basic cm9ib3QkY2k6"],
    ["u", "a:b", "Basic dTphOmI="],
  ];
  for (const [username, password, header] of cases) {
    assert.equal(basicAuthorization({ username, password }), header);
  }
});

Deno.test("basicAuthorization() shows an identity token as a password, and a registry token not at all", () => {
  const identityToken = { username: "00000000-0000-0000-0000-000000000000", identityToken: "t" };
  assert.equal(
    basicAuthorization(identityToken),
    `Basic ${btoa("00000000-0000-0000-0000-000000000000:t")}`,
  );
  assert.equal(basicAuthorization({ registryToken: "t" }), undefined);
});
