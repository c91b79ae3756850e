import assert from "node:assert/strict";
import { isPusherError } from "../../../../lib/errors.ts";
import { proxyFor } from "../../../../lib/registry/connection/proxy_settings.ts";

const PROXY = "http://proxy.example:3128/";

/** The proxy to a URL with these variables set. */
function proxyWith(variables: Record<string, string>, url: string): string | undefined {
  return proxyFor(new URL(url), (name) => variables[name])?.href;
}

Deno.test("proxyFor() takes the variable of the scheme, lower case first, and ALL_PROXY without one", () => {
  const cases: [Record<string, string>, string, string | undefined][] = [
    [{}, "https://r.example/", undefined],
    [{ HTTPS_PROXY: PROXY }, "https://r.example/", PROXY],
    [{ HTTPS_PROXY: PROXY }, "http://r.example/", undefined],
    [{ http_proxy: PROXY }, "http://r.example/", PROXY],
    [{ https_proxy: PROXY, HTTPS_PROXY: "http://other.example/" }, "https://r.example/", PROXY],
    [{ https_proxy: "", HTTPS_PROXY: PROXY }, "https://r.example/", PROXY],
    [{ ALL_PROXY: PROXY }, "https://r.example/", PROXY],
    [{ all_proxy: "http://other.example/", HTTPS_PROXY: PROXY }, "https://r.example/", PROXY],
    [{ HTTPS_PROXY: "proxy.example:3128" }, "https://r.example/", PROXY],
    [{ HTTPS_PROXY: " http://u:p%40@[::1]:3128 " }, "https://r.example/", "http://u:p%40@[::1]:3128/"],
    [{ ALL_PROXY: "socks5h://proxy.example:1080" }, "https://r.example/", "socks5h://proxy.example:1080"],
  ];
  for (const [variables, url, proxy] of cases) {
    assert.equal(proxyWith(variables, url), proxy, `${JSON.stringify(variables)} to ${url}`);
  }
});

Deno.test("proxyFor() reaches this machine without a proxy", () => {
  for (const host of ["localhost:5000", "127.0.0.1:5000", "[::1]:5000", "registry.localhost", "127.8.8.8"]) {
    assert.equal(proxyWith({ ALL_PROXY: PROXY }, `http://${host}/`), undefined, host);
  }
});

Deno.test("proxyFor() leaves out what NO_PROXY names, and nothing else", () => {
  const cases: [string, string, boolean][] = [
    ["*", "https://r.example/", true],
    ["r.example", "https://r.example/", true],
    ["R.Example", "https://r.example/", true],
    ["r.example", "https://sub.r.example/", true],
    ["r.example", "https://other-r.example/", false],
    [".r.example", "https://sub.r.example/", true],
    [".r.example", "https://r.example/", false],
    ["*.r.example", "https://sub.r.example/", true],
    ["r.example", "https://r.example./", true],
    ["a.example, r.example b.example", "https://r.example/", true],
    ["r.example:5000", "https://r.example:5000/", true],
    ["r.example:5000", "https://r.example/", false],
    ["r.example:443", "https://r.example/", true],
    ["r.example:80", "http://r.example/", true],
    ["10.0.0.0/8", "https://10.1.2.3:5000/", true],
    ["10.0.0.0/8", "https://11.1.2.3/", false],
    ["10.0.0.0/8", "https://10.example/", false],
    ["10.1.2.3", "https://10.1.2.3:5000/", true],
    ["10.1.2.3:5000", "https://10.1.2.3:5000/", true],
    ["10.1.2.3:5000", "https://10.1.2.3/", false],
    ["fd00::/8", "https://[fd12::1]:5000/", true],
    ["fd12::1", "https://[fd12:0::1]:5000/", true],
    ["[fd12::1]:5000", "https://[fd12::1]:5000/", true],
    ["[fd12::1]:5000", "https://[fd12::1]/", false],
    ["2.3", "https://10.1.2.3/", false],
    ["", "https://r.example/", false],
    [",,", "https://r.example/", false],
  ];
  for (const [exceptions, url, isDirect] of cases) {
    const proxy = proxyWith({ HTTPS_PROXY: PROXY, HTTP_PROXY: PROXY, no_proxy: exceptions }, url);
    assert.equal(proxy, isDirect ? undefined : PROXY, `${url} with NO_PROXY=${exceptions}`);
  }
});

Deno.test("proxyFor() names the variable that is wrong, and not what it holds", () => {
  for (const value of ["socks4://u:s3cret@proxy.example", "http://u:s3cret@", "ftp://s3cret"]) {
    assert.throws(() => proxyWith({ HTTPS_PROXY: value }, "https://r.example/"), (error) => {
      assert.ok(isPusherError(error, "USAGE"));
      assert.equal(error.detail.option, "HTTPS_PROXY");
      assert.doesNotMatch(`${error.message} ${error.hint}`, /s3cret/);
      return true;
    });
  }
});
