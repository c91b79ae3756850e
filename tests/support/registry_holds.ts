import assert from "node:assert/strict";
import { MEDIA_TYPE } from "../../lib/spec/media_type.ts";
import { callRegistry } from "./registry_call.ts";
import type { TestRegistry } from "./test_registry.ts";

/**
 * Asserts that `app:1` stands for an image of these layers, whose blobs are all there.
 *
 * @param registry Any registry that lets everybody read.
 * @param layers Digests of the layers, in order.
 */
export async function assertHolds(
  registry: Pick<TestRegistry, "origin">,
  layers: readonly string[],
): Promise<void> {
  const headers = { accept: MEDIA_TYPE.ociManifest };
  const { status, text } = await callRegistry(registry, "GET /v2/app/manifests/1", { headers });
  assert.equal(status, 200, text);
  const manifest = JSON.parse(text);
  assert.deepEqual(manifest.layers.map(({ digest }: { digest: string }) => digest), layers);
  for (const { digest, size } of [manifest.config, ...manifest.layers]) {
    const { status, headers } = await callRegistry(registry, `HEAD /v2/app/blobs/${digest}`);
    assert.deepEqual([status, Number(headers.get("content-length"))], [200, size]);
  }
}

/**
 * Asserts that nothing in the repository `app` can be pulled by a tag, unless it is complete.
 *
 * @param registry Any registry that lets everybody read.
 * @param layers Digests of the layers behind the tag, in order.
 */
export async function assertNoEarlyTag(
  registry: Pick<TestRegistry, "origin">,
  layers: readonly string[],
): Promise<void> {
  const { status, text } = await callRegistry(registry, "GET /v2/app/tags/list");
  const tags = status === 200 ? JSON.parse(text).tags ?? [] : [];
  assert.ok(status === 200 || status === 404, text);
  if (tags.length > 0) await assertHolds(registry, layers);
}
