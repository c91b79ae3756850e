/**
 * The archives in `tests/fixtures/archives`, what is in them, and whether a registry holds it after a push.
 *
 * @module
 */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { createHash } from "node:crypto";
import { type PulledImage, pullImage } from "./pulled_image.ts";
import type { Refusal } from "./refusal.ts";
import { runCommand } from "./run_command.ts";
import type { TestRegistry } from "./test_registry.ts";

/** An archive that another tool wrote; see the README beside them. */
export interface FixtureArchive {
  /** What must reach the registry unchanged: manifests where the archive has real ones, configs where they are made. */
  list: "manifest.json" | "index.json";
  /** Names of its images, without host. */
  names: readonly string[];
}

/** Archives that can be pushed. */
export const GOOD_ARCHIVES: Readonly<Record<string, FixtureArchive>> = {
  "docker2010-one": { list: "manifest.json", names: ["t/img:1"] },
  "docker2010-multi": { list: "manifest.json", names: ["ns/img:v2", "t/img:1", "t/imp:1", "t/two:1"] },
  "docker26-one": { list: "manifest.json", names: ["t/img:1"] },
  "docker26-byid": { list: "manifest.json", names: [] },
  "docker28c8d-multi": { list: "index.json", names: ["ns/img:v2", "t/img:1", "t/imp:1", "t/two:1"] },
  "c8d-mp": { list: "index.json", names: ["t/mp:1"] },
  "c8d-att": { list: "index.json", names: ["t/att:1"] },
  "bx-oci": { list: "index.json", names: [] },
  "crane-tarball": { list: "manifest.json", names: ["t/mp:1"] },
  "podman43-docker-archive": { list: "manifest.json", names: ["t/img:1"] },
  "podman43-oci-archive": { list: "index.json", names: ["t/img:1"] },
  "skopeo-reg-oci": { list: "index.json", names: ["foo/bar:1"] },
  "um-dot": { list: "index.json", names: [] },
  "bh-da": { list: "manifest.json", names: ["bh:1"] },
  "z02-dotslash": { list: "manifest.json", names: ["t/img:1"] },
  "z14-symlink-first": { list: "manifest.json", names: ["t/twice:1"] },
};

/** Archives that must be refused. */
export const DAMAGED_ARCHIVES: Readonly<Record<string, Refusal>> = {
  "z07-truncated": {
    code: 3,
    message: /the file ends inside "\w+\/layer\.tar"/,
    hint: /Save the image again/,
  },
  "z09-symlink-loop": {
    code: 3,
    message: /is a link that leads back to itself/,
    hint: /Save the image again/,
  },
  "z23-tampered": { code: 7, message: /the archive holds other bytes/, hint: /save or copy it again/ },
  "z24-layercount": { code: 3, message: /is for 3 layers, but 2 are listed/, hint: /Save the image again/ },
};

/**
 * Where an archive is.
 *
 * @param fixture Its name.
 * @returns Its path.
 */
export function fixturePath(fixture: string): string {
  return fileURLToPath(new URL(`../fixtures/archives/${fixture}.tar`, import.meta.url));
}

/**
 * Asserts that a registry holds all of an archive: under every name, every layer what the config says it is, and manifests
 * and indexes with the digests they have in the archive.
 *
 * @param fixture The archive.
 * @param registry Where it was pushed to, below a path with the fixture's name.
 * @param lines What the push printed: `registry/repository:tag@digest` each.
 */
export async function assertFixturePushed(
  fixture: string,
  registry: Pick<TestRegistry, "host" | "origin">,
  lines: readonly string[],
): Promise<void> {
  const { names } = GOOD_ARCHIVES[fixture]!;
  if (names.length > 0) {
    assert.deepEqual(
      lines.map((line) => line.split("@")[0]).sort(),
      names.map((name) => `${registry.host}/${fixture}/${name}`),
    );
  }
  const pulled: PulledImage[] = [];
  for (const line of lines) {
    const [reference = "", digest] = line.split("@");
    const image = await pullImage(registry, reference.slice(registry.host.length + 1));
    assert.equal(image.digest, digest);
    assertLayers(image);
    pulled.push(image);
  }
  await assertSameImages(fixture, pulled);
}

/** Reads an entry of an archive by another program. */
async function readEntry(fixture: string, name: string): Promise<string> {
  const entries = (await runCommand(["tar", "-tf", fixturePath(fixture)])).split("\n");
  const entry = entries.includes(name) ? name : `./${name}`;
  return await runCommand(["tar", "-xOf", fixturePath(fixture), entry]);
}

async function digestOfEntry(fixture: string, name: string): Promise<string> {
  return `sha256:${createHash("sha256").update(await readEntry(fixture, name)).digest("hex")}`;
}

function assertLayers({ layers, diffIds, children }: PulledImage): void {
  // Attestations may have a config that knows nothing of layers.
  if (diffIds.length > 0) assert.deepEqual(layers, diffIds);
  children.forEach(assertLayers);
}

async function assertSameImages(fixture: string, pulled: readonly PulledImage[]): Promise<void> {
  const { list } = GOOD_ARCHIVES[fixture]!;
  const content = JSON.parse(await readEntry(fixture, list));
  const expected: string[] = list === "index.json"
    ? content.manifests.map(({ digest }: { digest: string }) => digest)
    : await Promise.all(content.map(({ Config }: { Config: string }) => digestOfEntry(fixture, Config)));
  const actual = pulled.map((image) => list === "index.json" ? image.digest : image.configDigest);
  assert.deepEqual(new Set(actual), new Set(expected));
}
