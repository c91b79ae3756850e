import assert from "node:assert/strict";
import { unpackTar } from "modern-tar";
import { type ArchiveLayout, layOutArchive } from "../../../lib/archive/archive_layout.ts";
import type { Descriptor } from "../../../lib/spec/descriptor.ts";
import type { Image, ManifestNode } from "../../../lib/spec/image.ts";
import { MEDIA_TYPE } from "../../../lib/spec/media_type.ts";
import { parseReference } from "../../../lib/spec/reference.ts";
import { attestationTree, imageTree, indexTree } from "../../support/manifest_trees.ts";

function image(root: ManifestNode, ...names: string[]): Image {
  return { names: names.map(parseReference), root };
}

/** Reads a planned archive by another program; blobs are zeros. */
async function unpack({ parts }: ArchiveLayout): Promise<Map<string, Uint8Array>> {
  const bytes = parts.map((part) => "bytes" in part ? part.bytes : new Uint8Array(part.blob.size));
  const entries = await unpackTar(await new Blob(bytes as BlobPart[]).bytes());
  return new Map(entries.map(({ header, data }) => [header.name, data!]));
}

// deno-lint-ignore no-explicit-any -- whatever it wrote
function json(files: Map<string, Uint8Array>, name: string): any {
  return JSON.parse(new TextDecoder().decode(files.get(name)));
}

const pathOf = ({ digest }: Descriptor): string => `blobs/${digest.replace(":", "/")}`;

Deno.test("layOutArchive() puts lists first, then manifests, then blobs", async () => {
  const root = await imageTree("linux/amd64");
  const [config, layer] = root.blobs;
  const known = new Map([[config!.digest, new Uint8Array(config!.size)]]);
  const layout = await layOutArchive([image(root, "r.example:5000/app:1")], { known });
  const files = await unpack(layout);
  const names = [
    "oci-layout",
    "index.json",
    "manifest.json",
    ...[root.descriptor, config!, layer!].map(pathOf),
  ];
  assert.deepEqual([...files.keys()], names);
  assert.deepEqual(files.get(pathOf(root.descriptor)), root.bytes);
  assert.deepEqual(layout.blobs, [layer]);
  assert.deepEqual(json(files, "oci-layout"), { imageLayoutVersion: "1.0.0" });
  assert.deepEqual(json(files, "manifest.json"), [
    { Config: pathOf(config!), RepoTags: ["r.example:5000/app:1"], Layers: [pathOf(layer!)] },
  ]);
  const { mediaType, manifests: [entry] } = json(files, "index.json");
  assert.equal(mediaType, MEDIA_TYPE.ociIndex);
  assert.equal(entry.digest, root.descriptor.digest);
  assert.deepEqual(entry.platform, { os: "linux", architecture: "amd64" });
  assert.deepEqual(entry.annotations, {
    "io.containerd.image.name": "r.example:5000/app:1",
    "org.opencontainers.image.ref.name": "1",
  });
});

Deno.test("layOutArchive() says how large the archive will be", async () => {
  const layout = await layOutArchive([image(await imageTree("linux/amd64"), "app:1")]);
  const sizes = layout.parts.map((part) => "bytes" in part ? part.bytes.length : part.blob.size);
  assert.equal(layout.sizeBytes, sizes.reduce((sum, size) => sum + size, 0));
  assert.equal(layout.sizeBytes % 512, 0);
});

Deno.test("layOutArchive() lists an image under each of its names, in full", async () => {
  const root = await imageTree("linux/amd64");
  const files = await unpack(await layOutArchive([image(root, "app:1", "team/app:2")]));
  const [{ RepoTags }] = json(files, "manifest.json");
  assert.deepEqual(RepoTags, ["docker.io/library/app:1", "docker.io/team/app:2"]);
  const { manifests } = json(files, "index.json");
  assert.deepEqual(manifests.map(({ digest }: Descriptor) => digest), Array(2).fill(root.descriptor.digest));
});

Deno.test("layOutArchive() names an image without a tag by its digest", async () => {
  const root = await imageTree("linux/amd64");
  const name = `r.example/app@${root.descriptor.digest}`;
  const files = await unpack(await layOutArchive([image(root, name)]));
  assert.deepEqual(json(files, "index.json").manifests[0].annotations, { "io.containerd.image.name": name });
  assert.equal(json(files, "manifest.json")[0].RepoTags, null);
});

Deno.test("layOutArchive() keeps an index whole, and shows old tools the platform of this machine", async () => {
  const amd64 = await imageTree("linux/amd64");
  const arm64 = await imageTree("linux/arm64");
  const root = await indexTree([amd64, arm64, await attestationTree(amd64)]);
  const platform = { os: "linux", architecture: "arm64" };
  const layout = await layOutArchive([image(root, "app:1")], { platform });
  const files = await unpack(layout);
  for (const { descriptor, bytes } of [root, ...root.children]) {
    assert.deepEqual(files.get(pathOf(descriptor)), bytes);
  }
  assert.equal(json(files, "index.json").manifests.length, 1);
  const items = json(files, "manifest.json");
  assert.deepEqual(items.map(({ Config }: { Config: string }) => Config), [pathOf(arm64.blobs[0]!)]);
});

Deno.test("layOutArchive() holds what images share once", async () => {
  const root = await imageTree("linux/amd64");
  const [config, layer] = root.blobs;
  const twice = { ...root, blobs: [config!, layer!, layer!] };
  const files = await unpack(await layOutArchive([image(twice, "app:1")]));
  assert.deepEqual(json(files, "manifest.json")[0].Layers, [pathOf(layer!), pathOf(layer!)]);
  assert.equal([...files.keys()].filter((name) => name === pathOf(layer!)).length, 1);
});

Deno.test("layOutArchive() writes no docker list for what is no image, and leaves out what may not be distributed", async () => {
  const chart = await imageTree("linux/amd64", "", {
    configType: "application/vnd.cncf.helm.config.v1+json",
  });
  const files = await unpack(await layOutArchive([image(chart, "chart:1")]));
  assert.equal(files.has("manifest.json"), false);
  const windows = await imageTree("windows/amd64", "", { layerTypes: [MEDIA_TYPE.dockerForeignLayerGzip] });
  const { blobs } = await layOutArchive([image(windows, "win:1")]);
  assert.deepEqual(blobs, [windows.blobs[0]]);
});
