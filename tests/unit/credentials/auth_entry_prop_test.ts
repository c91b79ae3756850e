import fc from "fast-check";
import assert from "node:assert/strict";
import { entryCredentials, toAuthEntry } from "../../../lib/credentials/auth_entry.ts";
import { DocumentError } from "../../../lib/spec/documents.ts";

Deno.test("entryCredentials() reads back whatever toAuthEntry() wrote", () => {
  const username = fc.string({ minLength: 1, unit: "grapheme" }).filter((text) => !text.includes(":"));
  const password = fc.string({ minLength: 1, unit: "grapheme" }).filter((text) => !text.endsWith("\0"));
  fc.assert(fc.property(username, password, (username, password) => {
    assert.deepEqual(entryCredentials(toAuthEntry(username, password)), { username, password });
  }));
});

Deno.test("entryCredentials() gives credentials, nothing, or an error without the text, whatever is in auth", () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.base64String()), (auth) => {
    try {
      entryCredentials({ auth });
    } catch (error) {
      assert.ok(error instanceof DocumentError);
      assert.ok(auth.length < 4 || !error.message.includes(auth));
    }
  }));
});
