import assert from "node:assert/strict";
import { basicAuthorization } from "../../../lib/registry/credentials.ts";

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
