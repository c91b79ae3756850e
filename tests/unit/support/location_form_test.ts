import assert from "node:assert/strict";
import { createCertificateAuthority } from "../../support/certificate.ts";
import { type LocationForm, writeLocation } from "../../support/registry/location_form.ts";
import { callRegistry } from "../../support/registry_call.ts";
import { startTestRegistry } from "../../support/test_registry.ts";

const EXPECTED: Partial<Record<LocationForm, RegExp>> = {
  "absolute": /^http:\/\/127\.0\.0\.1:\d+\/v2\/app\/blobs\/uploads\/[^/?]+$/,
  "path-relative": /^[0-9a-f-]{36}$/,
  "other-host": /^http:\/\/localhost:\d+\/v2\/app\/blobs\/uploads\/[^/?]+$/,
  "query": /^\/v2\/app\/blobs\/uploads\/[^/?]+\?_nouploadcache=false&tag=a%2Fb\+c$/,
  "question-mark": /^\/v2\/app\/blobs\/uploads\/[^/?]+\?$/,
  "ampersand": /^\/v2\/app\/blobs\/uploads\/[^/?]+\?a=1&$/,
  "singular-path": /^\/v2\/app\/blobs\/upload\/[^/?]+$/,
  "outside-v2": /^\/artifacts-uploads\/app\/[^/?]+\?upload_token=.{600}$/,
};

for (const [form, expected] of Object.entries(EXPECTED) as [LocationForm, RegExp][]) {
  Deno.test(`writeLocation() in the form "${form}" leads to the upload`, async () => {
    await using registry = startTestRegistry();
    registry.addFault({ times: Infinity, do: writeLocation(form) });
    const path = "/v2/app/blobs/uploads/";
    const { headers } = await callRegistry(registry, `POST ${path}`);
    assert.match(headers.get("location") ?? "", expected);
    const url = new URL(headers.get("location")!, registry.origin + path);
    assert.equal((await callRegistry(registry, `GET ${url.href}`)).status, 204);
  });
}

Deno.test("writeLocation() loses the port", async () => {
  await using registry = startTestRegistry();
  registry.addFault({ do: writeLocation("lost-port") });
  const { headers } = await callRegistry(registry, "POST /v2/app/blobs/uploads/");
  assert.match(headers.get("location") ?? "", /^http:\/\/127\.0\.0\.1\/v2\/app/);
});

Deno.test("writeLocation() goes down to http", async () => {
  const authority = await createCertificateAuthority();
  await using registry = startTestRegistry({ tls: await authority.issue(["127.0.0.1"]) });
  registry.addFault({ do: writeLocation("http") });
  using client = Deno.createHttpClient({ caCerts: [authority.cert], poolMaxIdlePerHost: 0 });
  const response = await fetch(`${registry.origin}/v2/app/blobs/uploads/`, { method: "POST", client });
  await response.body?.cancel();
  assert.match(response.headers.get("location") ?? "", /^http:\/\/127\.0\.0\.1:\d+\//);
});
