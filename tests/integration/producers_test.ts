import assert from "node:assert/strict";
import { tarBytes } from "../support/archives.ts";
import { DOCKER_PRODUCERS } from "../support/docker_producers.ts";
import { OCI_PRODUCERS } from "../support/oci_producers.ts";
import { CONFIG, NAME, OTHER_NAME, type Producer } from "../support/produced_image.ts";
import { pushArchive } from "../support/push_archive.ts";
import { type PulledImage, pullImage } from "../support/pulled_image.ts";
import { startTestRegistry, type TestRegistry } from "../support/test_registry.ts";

/** Where images go in the registry: `r.example/team/app:1` of the archive as `team/app:1`. */
function targetOf(name: string): string {
  return name.slice("r.example/".length);
}

async function pushTo(registry: TestRegistry, archive: Producer, isPiped: boolean): Promise<string[]> {
  const { members, names } = archive;
  const where = names.length > 0
    ? { registry: registry.host }
    : { targets: [`${registry.host}/${targetOf(NAME)}`] };
  const { pushed, failures } = await pushArchive(isPiped ? tarBytes(members) : members, where);
  assert.deepEqual(failures, []);
  return pushed.map(({ reference }) => reference.slice(registry.host.length + 1));
}

/** Images, but not attestations. */
function platformsOf(image: PulledImage): PulledImage[] {
  if (image.children.length > 0) return image.children.flatMap(platformsOf);
  return image.diffIds.length > 0 ? [image] : [];
}

async function assertPushes(archive: Producer, isPiped: boolean): Promise<void> {
  await using registry = startTestRegistry();
  const { names, roots = [], referrers = [] } = archive;
  const expected = names.length > 0 ? names : [NAME];
  const pushed = await pushTo(registry, archive, isPiped);
  assert.deepEqual(pushed.sort(), expected.map(targetOf).sort());
  const digests = new Set<string>();
  for (const name of pushed) {
    const image = await pullImage(registry, name);
    digests.add(image.digest);
    const platforms = platformsOf(image);
    assert(platforms.length > 0);
    for (const { layers, diffIds } of platforms) {
      assert.equal(layers.length, name === targetOf(OTHER_NAME) && roots.length === 0 ? 1 : 3);
      assert.deepEqual(layers, diffIds);
    }
  }
  const [repository] = targetOf(NAME).split(":");
  const held = new Set<string>(registry.repository(repository!).manifests.keys());
  for (const digest of referrers) assert(held.has(digest), `${digest} at the registry`);
  if (roots.length > 0) assert.deepEqual([...digests], roots);
  else assert.equal((await pullImage(registry, targetOf(NAME))).configDigest, `sha256:${CONFIG.hex}`);
}

for (const [producer, archive] of Object.entries({ ...DOCKER_PRODUCERS, ...OCI_PRODUCERS })) {
  Deno.test(`push brings what ${producer} writes to a registry as it is`, () => assertPushes(archive, false));

  Deno.test(`push brings what ${producer} writes to a registry from a pipe`, () =>
    assertPushes(archive, true));
}
