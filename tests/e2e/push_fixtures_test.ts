import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { type PulledImage, pullImage } from "../support/pulled_image.ts";
import { testWith } from "../support/real_parts.ts";
import { startRealRegistry } from "../support/real_registry.ts";
import { assertRefused, type Refusal } from "../support/refusal.ts";
import { runCli } from "../support/run_cli.ts";
import { runCommand } from "../support/run_command.ts";
import { startTestRegistry, type TestRegistry } from "../support/test_registry.ts";

/** An archive that another tool wrote; see the README beside them. */
interface Fixture {
  /** What must reach the registry unchanged: manifests where the archive has real ones, configs where they are made. */
  list: "manifest.json" | "index.json";
  /** Names of its images, without host. */
  names: readonly string[];
}

const GOOD: Readonly<Record<string, Fixture>> = {
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

const DAMAGED: Readonly<Record<string, Refusal>> = {
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

function pathOf(fixture: string): string {
  return new URL(`../fixtures/archives/${fixture}.tar`, import.meta.url).pathname;
}

/** Pushes an archive, images without a name to repositories of their own; gives what was printed. */
async function pushAll(fixture: string, host: string): Promise<string[]> {
  const path = pathOf(fixture);
  const { images } = JSON.parse((await runCli(["inspect", path, "--json"])).stdout);
  const commands = images.some(({ names }: { names: string[] }) => names.length > 0)
    ? [["--registry", `${host}/${fixture}`]]
    : images.map(({ digest }: { digest: string }, at: number) => [
      "--image",
      digest,
      "-t",
      `${host}/${fixture}/unnamed-${at}:1`,
    ]);
  const lines: string[] = [];
  for (const options of commands) {
    const { code, stdout, stderr } = await runCli(["push", path, ...options]);
    assert.equal(code, 0, stderr);
    lines.push(...stdout.trimEnd().split("\n"));
  }
  return lines;
}

/** Reads an entry of an archive by another program. */
async function readEntry(fixture: string, name: string): Promise<string> {
  const entries = (await runCommand(["tar", "-tf", pathOf(fixture)])).split("\n");
  const entry = entries.includes(name) ? name : `./${name}`;
  return await runCommand(["tar", "-xOf", pathOf(fixture), entry]);
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
  const { list } = GOOD[fixture]!;
  const content = JSON.parse(await readEntry(fixture, list));
  const expected: string[] = list === "index.json"
    ? content.manifests.map(({ digest }: { digest: string }) => digest)
    : await Promise.all(content.map(({ Config }: { Config: string }) => digestOfEntry(fixture, Config)));
  const actual = pulled.map((image) => list === "index.json" ? image.digest : image.configDigest);
  assert.deepEqual(new Set(actual), new Set(expected));
}

async function assertPushes(fixture: string, registry: Pick<TestRegistry, "host" | "origin">): Promise<void> {
  const lines = await pushAll(fixture, registry.host);
  const { names } = GOOD[fixture]!;
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

for (const fixture of Object.keys(GOOD)) {
  Deno.test(`push brings all of ${fixture} to a registry as it is`, async () => {
    await using registry = startTestRegistry({ profile: "distribution-2.8" });
    await assertPushes(fixture, registry);
  });
}

testWith(["registry"], "push brings all good archives to docker-registry as they are", async () => {
  await using registry = await startRealRegistry();
  for (const fixture of Object.keys(GOOD)) await assertPushes(fixture, registry);
});

for (const [fixture, refusal] of Object.entries(DAMAGED)) {
  Deno.test(`push refuses ${fixture} and tags nothing`, async () => {
    await using registry = startTestRegistry();
    const push = ["push", pathOf(fixture), "-t", `${registry.host}/team/app:1`];
    assertRefused(await runCli(push), refusal);
    const { manifests, tags } = registry.repository("team/app");
    assert.deepEqual([manifests.size, tags.size], [0, 0]);
  });
}
