import assert from "node:assert/strict";
import { createCertificateAuthority } from "../../support/certificate.ts";
import { startTestRegistry } from "../../support/test_registry.ts";

Deno.test("createCertificateAuthority() issues what clients accept that trust it, and no others", async () => {
  const authority = await createCertificateAuthority();
  const tls = await authority.issue(["localhost", "127.0.0.1"]);
  await using registry = startTestRegistry({ tls });
  const ping = async (caCerts: string[], url: string) => {
    using client = Deno.createHttpClient({ caCerts, poolMaxIdlePerHost: 0 });
    return (await fetch(`${url}/v2/`, { client })).text();
  };
  assert.equal(await ping([authority.cert], registry.origin), "{}");
  assert.equal(await ping([authority.cert], registry.origin.replace("127.0.0.1", "localhost")), "{}");
  const other = await createCertificateAuthority();
  await assert.rejects(ping([other.cert], registry.origin), TypeError);
});
