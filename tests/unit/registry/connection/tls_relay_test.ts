import assert from "node:assert/strict";
import { createServer } from "node:tls";
import { Connections } from "../../../../lib/registry/connection/connections.ts";
import { createHttpExchange } from "../../../../lib/registry/connection/http_exchange.ts";
import type { HostSettings } from "../../../../lib/registry/connection/host_settings.ts";
import { isPusherError } from "../../../../lib/errors.ts";
import { startTlsRelay } from "../../../../lib/registry/connection/tls_relay.ts";
import { createCertificateAuthority, createSelfSignedCertificate } from "../../../support/certificate.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { request } from "../stub_exchange.ts";

/** A server with TLS that notes which names clients ask for. */
interface NamedServer extends AsyncDisposable {
  readonly port: number;
  readonly names: readonly (string | false)[];
}

async function startNamedServer(certificate: { cert: string; key: string }): Promise<NamedServer> {
  const names: (string | false)[] = [];
  const server = createServer(certificate, (socket) => {
    names.push((socket as unknown as { servername: string | false }).servername);
    socket.on("error", () => {});
    socket.once(
      "data",
      () => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"),
    );
  });
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  return {
    port: (server.address() as { port: number }).port,
    names,
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function ask(url: string, settings: HostSettings): Promise<string> {
  using connections = new Connections({ settingsOf: () => settings, env: () => undefined });
  const exchange = createHttpExchange({ connections, clock: new FakeClock() });
  return await (await exchange(request("GET", url))).text();
}

Deno.test("a host is told by which name it is wanted, with a relay and without", async () => {
  const authority = await createCertificateAuthority();
  await using server = await startNamedServer(await authority.issue(["localhost"]));
  const url = `https://localhost:${server.port}/v2/`;
  assert.equal(await ask(url, { caCerts: [authority.cert] }), "ok");
  assert.equal(await ask(url, { insecureSkipTlsVerify: true }), "ok");
  assert.deepEqual(server.names, ["localhost", "localhost"]);
});

Deno.test("a relay takes the host's own certificate, and no other", async () => {
  const own = await createSelfSignedCertificate("localhost");
  const other = await createSelfSignedCertificate("localhost");
  await using server = await startNamedServer(own);
  const url = `https://localhost:${server.port}/v2/`;
  assert.equal(await ask(url, { caCerts: [own.cert] }), "ok");
  await assert.rejects(ask(url, { caCerts: [other.cert] }), (error) => isPusherError(error, "TLS"));
});

Deno.test("a relay leaves nothing behind", async () => {
  const relay = await startTlsRelay(new URL("https://localhost/"), { settings: {} });
  const { transport } = relay;
  if (!("path" in transport)) return relay[Symbol.dispose]();
  const directory = transport.path.replace(/\/[^/]*$/, "");
  assert.equal((await Deno.stat(directory)).mode! & 0o777, 0o700, "for this user only");
  relay[Symbol.dispose]();
  await assert.rejects(Deno.stat(directory), Deno.errors.NotFound);
});
