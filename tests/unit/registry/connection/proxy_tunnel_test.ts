import assert from "node:assert/strict";
import { openTunnel } from "../../../../lib/registry/connection/proxy_tunnel.ts";
import { startMappingProxy } from "../../../support/mapping_proxy.ts";

Deno.test("openTunnel() asks for host and port with the proxy's user and password", async () => {
  await using proxy = startMappingProxy("127.0.0.1:9", () => "HTTP/1.1 403 Forbidden");
  const url = new URL(`http://a%40b:p%3Aw@${proxy.host}`);
  await assert.rejects(openTunnel(url, "r.example:443"), /unsuccessful tunnel/);
  assert.deepEqual(proxy.requests, [`CONNECT r.example:443 HTTP/1.1 Basic ${btoa("a@b:p:w")}`]);
});

Deno.test("openTunnel() tells what the proxy wants from what it refuses", async () => {
  const refusals: [string, RegExp][] = [
    ["HTTP/1.1 407 Proxy Authentication Required", /^Error: proxy authentication required$/],
    ["HTTP/1.1 502 Bad Gateway", /unsuccessful tunnel/],
    ["HTTP/1.1 302 Found", /unsuccessful tunnel/],
    ["SSH-2.0-OpenSSH_9.2", /unsuccessful tunnel/],
    [`HTTP/1.1 200 OK\r\nX: ${"x".repeat(70_000)}`, /unsuccessful tunnel/],
  ];
  for (const [answer, reason] of refusals) {
    await using proxy = startMappingProxy("127.0.0.1:9", () => answer);
    await assert.rejects(
      openTunnel(new URL(`http://${proxy.host}`), "r.example:443"),
      reason,
      answer.slice(0, 40),
    );
  }
});

Deno.test("openTunnel() does not wait for a proxy that has hung up, or is not there", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const url = new URL(`http://127.0.0.1:${listener.addr.port}`);
  const hungUp = assert.rejects(openTunnel(url, "r.example:443"), /unsuccessful tunnel|reset/);
  (await listener.accept()).close();
  await hungUp;
  listener.close();
  await assert.rejects(openTunnel(url, "r.example:443"), /ECONNREFUSED/);
});
