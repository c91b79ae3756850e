import assert from "node:assert/strict";
import { toCredentials } from "../../../lib/spec/credentials.ts";

Deno.test("toCredentials() tells an identity token by the user that stands for one, and by nothing else", () => {
  assert.deepEqual(toCredentials("<token>", "t"), { username: "<token>", identityToken: "t" });
  for (const username of ["ann", "token", "<TOKEN>", " <token>", "00000000-0000-0000-0000-000000000000"]) {
    assert.deepEqual(toCredentials(username, "t"), { username, password: "t" });
  }
});
