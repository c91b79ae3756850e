import assert from "node:assert/strict";
import { entryCredentials, toAuthEntry } from "../../../lib/credentials/auth_entry.ts";
import type { AuthEntry } from "../../../lib/credentials/auth_file.ts";
import { DocumentError } from "../../../lib/spec/documents.ts";

const GUID = "00000000-0000-0000-0000-000000000000";
const base64 = (text: string): string => new TextEncoder().encode(text).toBase64();

Deno.test("entryCredentials() reads every form of a login", () => {
  const cases: [AuthEntry, unknown][] = [
    [{ auth: base64("ann:pw") }, { username: "ann", password: "pw" }],
    [{ auth: base64("ann:p:w:") }, { username: "ann", password: "p:w:" }],
    [{ auth: base64("änn:pässword") }, { username: "änn", password: "pässword" }],
    [{ auth: base64("ann:pw\0\0") }, { username: "ann", password: "pw" }],
    [{ auth: base64("_json_key:{\n}") }, { username: "_json_key", password: "{\n}" }],
    [{ username: "ann", password: "pw" }, { username: "ann", password: "pw" }],
    [{ auth: base64("bob:pw2"), username: "ann", password: "pw" }, { username: "bob", password: "pw2" }],
    [{ auth: base64(`${GUID}:`), identitytoken: "t" }, { username: GUID, identityToken: "t" }],
    [{ identitytoken: "t" }, { username: "<token>", identityToken: "t" }],
    [{ username: "<token>", password: "t" }, { username: "<token>", identityToken: "t" }],
    [{ auth: base64("a:b"), identitytoken: "t", registrytoken: "r" }, { registryToken: "r" }],
    [{}, undefined],
    [{ auth: null, username: null, password: null }, undefined],
    [{ auth: "", username: "ann" }, undefined],
    [{ auth: base64("ann:") }, undefined],
    [{ auth: base64(":pw") }, undefined],
  ];
  for (const [entry, expected] of cases) {
    assert.deepEqual(entryCredentials(entry), expected, JSON.stringify(entry));
  }
});

Deno.test("entryCredentials() refuses what is none, and repeats nothing of it", () => {
  const entries = ["SECRET!", base64("SECRET"), "U0VD-_", "U0VDUkVU/w=="].map((auth) => ({ auth }));
  for (const entry of [...entries, { registrytoken: "SECRET\r\n" }, { registrytoken: "SECRET é" }]) {
    assert.throws(() => entryCredentials(entry), (error) => {
      assert.ok(error instanceof DocumentError);
      assert.doesNotMatch(error.message, /SECRET|U0VD/);
      return true;
    });
  }
});

Deno.test("toAuthEntry() writes what entryCredentials() reads", () => {
  for (const [username, secret] of [["ann", "p:w ä"], ["<token>", "t"], ["robot$ci", "x"]] as const) {
    const entry = toAuthEntry(username, secret);
    const expected = username === "<token>"
      ? { username, identityToken: secret }
      : { username, password: secret };
    assert.deepEqual(entryCredentials(entry), expected);
  }
});
