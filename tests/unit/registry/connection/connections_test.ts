import assert from "node:assert/strict";
import { isPusherError } from "../../../../lib/errors.ts";
import { Connections } from "../../../../lib/registry/connection/connections.ts";

Deno.test("to() sets up one connection for each scheme, host and port", async () => {
  const asked: string[] = [];
  const settingsOf = (host: string): Record<string, never> => (asked.push(host), {});
  using connections = new Connections({ settingsOf, env: () => undefined });
  const urls = ["http://r.example/a", "http://r.example/b", "https://r.example/a", "http://r.example:81/a"];
  const [first, again, secure, other] = await Promise.all(urls.map((url) => connections.to(new URL(url))));
  assert.equal(first, again);
  assert.equal(new Set([first, secure, other]).size, 3);
  assert.deepEqual(asked, ["r.example", "r.example", "r.example:81"]);
});

Deno.test("to() leaves the environment as it was, and names the proxy without its password", async () => {
  // Other tests run in this process: a variable that changes nothing for them stands for all.
  const name = "no_proxy";
  const before = Deno.env.get(name);
  Deno.env.set(name, "nobody.invalid");
  try {
    const variables: Record<string, string> = {
      HTTP_PROXY: "http://ann:s3cret@proxy.example:3128",
      [name]: "x",
    };
    using connections = new Connections({ settingsOf: () => ({}), env: (name) => variables[name] });
    const { proxy } = await connections.to(new URL("http://r.example/"));
    assert.equal(proxy, "proxy.example:3128");
    assert.equal((await connections.to(new URL("http://127.0.0.1:5000/"))).proxy, undefined);
    assert.equal(Deno.env.get(name), "nobody.invalid");
  } finally {
    if (before === undefined) Deno.env.delete(name);
    else Deno.env.set(name, before);
  }
});

Deno.test("to() tries again after settings could not be read", async () => {
  const answers = [() => Promise.reject(new Error("not now")), () => Promise.resolve({})];
  using connections = new Connections({ settingsOf: () => answers.shift()!(), env: () => undefined });
  await assert.rejects(connections.to(new URL("http://r.example/")), /not now/);
  assert.ok((await connections.to(new URL("http://r.example/"))).client);
});

Deno.test("to() says so when a proxy is in the way of taking any certificate", async () => {
  const env = (name: string): string | undefined =>
    name === "HTTPS_PROXY" ? "socks5://proxy.example" : undefined;
  using connections = new Connections({ settingsOf: () => ({ insecureSkipTlsVerify: true }), env });
  await assert.rejects(connections.to(new URL("https://r.example/")), (error) => {
    assert.ok(isPusherError(error, "USAGE"));
    assert.match(error.hint ?? "", /NO_PROXY/);
    return true;
  });
});
