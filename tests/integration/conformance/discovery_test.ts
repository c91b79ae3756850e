/** The content discovery cases of the OCI distribution conformance suite, against what `serve --store` answers with. */

import assert from "node:assert/strict";
import { MEDIA_TYPE } from "../../../lib/spec/media_type.ts";
import { ask, openServedStore, prepareImage, pushManifest } from "../../support/served_store.ts";

const SBOM = "application/vnd.example.sbom";
const SIGNATURE = "application/vnd.example.signature";

Deno.test("conformance: tags are listed in order, in pages if asked for", async () => {
  await using served = await openServedStore();
  const image = await prepareImage(served.handler, "app");
  for (const tag of ["b", "a10", "C", "a2"]) await pushManifest(served.handler, `app:${tag}`, image);
  const list = async (query: string) => {
    const { headers, text } = await ask(served.handler, `GET /v2/app/tags/list${query}`);
    return { ...JSON.parse(text), link: headers.get("link") };
  };
  assert.deepEqual(await list(""), { name: "app", tags: ["C", "a10", "a2", "b"], link: null });
  const first = await list("?n=3");
  assert.deepEqual(first.tags, ["C", "a10", "a2"]);
  assert.equal(first.link, '</v2/app/tags/list?n=3&last=a2>; rel="next"');
  assert.deepEqual(await list("?n=3&last=a2"), { name: "app", tags: ["b"], link: null });
  assert.deepEqual(await list("?n=0"), { name: "app", tags: [], link: null });
  assert.deepEqual((await list("?last=a10")).tags, ["a2", "b"]);
  assert.equal((await ask(served.handler, "GET /v2/app/tags/list?n=x")).status, 400);
});

Deno.test("conformance: repositories are listed in order, in pages if asked for", async () => {
  await using served = await openServedStore();
  for (const name of ["team/b", "a", "team/a"]) {
    await pushManifest(served.handler, `${name}:1`, await prepareImage(served.handler, name));
  }
  const { headers, text } = await ask(served.handler, "GET /v2/_catalog?n=2");
  assert.deepEqual(JSON.parse(text), { repositories: ["a", "team/a"] });
  const [, next = ""] = /<(.*)>/.exec(headers.get("link") ?? "") ?? [];
  assert.deepEqual(JSON.parse((await ask(served.handler, `GET ${next}`)).text), { repositories: ["team/b"] });
});

Deno.test("conformance: what refers to a manifest is listed, also before that is there", async () => {
  await using served = await openServedStore();
  const image = await prepareImage(served.handler, "app");
  const subject = {
    mediaType: image.mediaType,
    digest: (await pushManifest(served.handler, "elsewhere:1", image)).digest,
    size: JSON.stringify(image).length,
  };
  const annotations = { "org.example": "1" };
  const sbom = await pushManifest(served.handler, "app", {
    ...image,
    subject,
    artifactType: SBOM,
    annotations,
  });
  assert.equal(sbom.answer.headers.get("oci-subject"), subject.digest);
  const config = { ...image.config, mediaType: SIGNATURE };
  const signature = await pushManifest(served.handler, "app:signed", { ...image, subject, config });
  const index = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociIndex,
    manifests: [],
    subject,
    artifactType: SBOM,
  };
  const listed = await pushManifest(served.handler, "app", index);

  const all = await ask(served.handler, `GET /v2/app/referrers/${subject.digest}`);
  assert.equal(all.headers.get("content-type"), MEDIA_TYPE.ociIndex);
  const { manifests, schemaVersion, mediaType } = JSON.parse(all.text);
  assert.deepEqual([schemaVersion, mediaType], [2, MEDIA_TYPE.ociIndex]);
  const types = new Map(
    manifests.map((entry: { digest: string; artifactType: string }) => [entry.digest, entry.artifactType]),
  );
  assert.deepEqual(
    types,
    new Map([[sbom.digest, SBOM], [signature.digest, SIGNATURE], [listed.digest, SBOM]]),
  );
  assert.deepEqual(
    manifests.find(({ digest }: { digest: string }) => digest === sbom.digest).annotations,
    annotations,
  );

  const some = await ask(served.handler, `GET /v2/app/referrers/${subject.digest}?artifactType=${SIGNATURE}`);
  assert.equal(some.headers.get("oci-filters-applied"), "artifactType");
  assert.deepEqual(JSON.parse(some.text).manifests.map(({ digest }: { digest: string }) => digest), [
    signature.digest,
  ]);
});

Deno.test("conformance: nothing refers to a manifest that nobody knows", async () => {
  await using served = await openServedStore();
  const { status, text } = await ask(served.handler, `GET /v2/app/referrers/sha256:${"0".repeat(64)}`);
  assert.deepEqual([status, JSON.parse(text).manifests], [200, []]);
});
