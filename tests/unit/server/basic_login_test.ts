import assert from "node:assert/strict";
import { basicLoginCheck } from "../../../lib/server/basic_login.ts";

function basic(text: string, scheme = "Basic "): string {
  return `${scheme}${new TextEncoder().encode(text).toBase64()}`;
}

Deno.test("basicLoginCheck() lets in who has name and password, in any case of the scheme", async () => {
  const isWelcome = basicLoginCheck({ username: "änn", password: "a:b c" });
  for (const scheme of ["Basic ", "basic   ", "BASIC "]) {
    assert.equal(await isWelcome(basic("änn:a:b c", scheme)), true);
  }
});

Deno.test("basicLoginCheck() keeps out everybody else", async () => {
  const isWelcome = basicLoginCheck({ username: "ann", password: "secret" });
  const headers = [
    null,
    "",
    "Basic",
    "Basic ",
    "Basic %%%",
    basic(""),
    basic(":"),
    basic("ann"),
    basic("ann:"),
    basic("ann:secre"),
    basic("ann:secret "),
    basic("Ann:secret"),
    basic("annsecret"),
    basic("ann:secret", "Bearer "),
    `${basic("ann:secret")} more`,
    `x${basic("ann:secret")}`,
  ];
  for (const header of headers) assert.equal(await isWelcome(header), false, `${header}`);
});
