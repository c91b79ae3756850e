/**
 * OCI layouts, some with docker save's list beside, as tools write them that cannot be run in tests: names, order and
 * formats are those of the tools' own sources.
 *
 * @module
 */

import { zstdCompressSync } from "node:zlib";
import { MEDIA_TYPE } from "../../lib/spec/media_type.ts";
import {
  annotated,
  ociBlob,
  ociImage,
  ociIndex,
  ociManifest,
  type OciPart,
  type TarMember,
  toBytes,
} from "./archives.ts";
import {
  AMD64,
  APP,
  ARM64,
  CONFIG,
  DIRECTORY,
  inDirectory,
  json,
  LAYERS,
  manifestJson,
  NAME,
  OTHER_NAME,
  type Producer,
} from "./produced_image.ts";

async function jibOci(): Promise<Producer> {
  const image = named(await platformImage(AMD64), NAME);
  return oci([image], { order: (blobs, index, layout) => [...blobs, layout, index], names: [NAME] });
}

async function rulesOci(): Promise<Producer> {
  const index = await ociIndex([await platformImage(AMD64), await platformImage(ARM64)]);
  const roots = [named(index, NAME), named(index, OTHER_NAME)];
  return oci(roots, {
    order: (blobs, index, layout) => [layout, ...blobs.toReversed(), index],
    names: [NAME, OTHER_NAME],
  });
}

/** `X.tar` of Yocto's image-oci: umoci's layout, packed with `tar -cf X.tar .`. */
async function yocto(): Promise<Producer> {
  const image = annotated(await platformImage(AMD64), { "org.opencontainers.image.ref.name": "latest" });
  const { members, roots } = oci([image], { names: [] });
  return {
    members: [{ name: "./", type: DIRECTORY }, ...members.map(inDirectory("."))],
    names: [],
    roots: roots!,
  };
}

/** `regctl image export`: lists first, and docker's list names compressed layers as sources. */
async function regctl(): Promise<Producer> {
  const image = named(await platformImage(AMD64), NAME);
  const [config, ...layers] = manifestOf(image);
  const path = (digest: string): string => `blobs/${digest.replace(":", "/")}`;
  const list = json("manifest.json", [{
    Config: path(config!.digest),
    RepoTags: [NAME],
    Layers: layers.map(({ digest }) => path(digest)),
    LayerSources: Object.fromEntries(layers.map((layer) => [layer.digest, layer])),
  }]);
  return oci([image], { order: (blobs, index, layout) => [layout, index, list, ...blobs], names: [NAME] });
}

/** `oras backup`: every manifest of an index is listed beside it, and only one thing has a name. */
async function orasBackup(): Promise<Producer> {
  const children = [await platformImage(AMD64), await platformImage(ARM64)];
  const index = named(await ociIndex(children), NAME);
  const { members } = oci([index, ...children], { names: [] });
  return { members, names: [NAME], roots: [index.descriptor.digest] };
}

/** `buildx --output type=docker`: docker's types, and both lists. */
async function buildxDocker(): Promise<Producer> {
  const config = await ociBlob(new Uint8Array(CONFIG.body), MEDIA_TYPE.dockerConfig);
  const layers = await Promise.all(
    LAYERS.map(({ gzipped }) => ociBlob(gzipped, MEDIA_TYPE.dockerLayerGzip)),
  );
  const manifest = await ociManifest(config, layers);
  const document = { ...JSON.parse(new TextDecoder().decode(toBytes(manifest.members.at(-1)!.body!))) };
  const root = await ociBlob(
    { ...document, mediaType: MEDIA_TYPE.dockerManifest },
    MEDIA_TYPE.dockerManifest,
  );
  const image = {
    descriptor: { ...root.descriptor, platform: AMD64 },
    members: [...layers, config, root].flatMap(({ members }) => members),
  };
  const [configName, ...layerNames] = [config, ...layers].map(({ members: [member] }) => member!.name);
  const list = manifestJson(configName!, layerNames);
  return oci([named(image, NAME)], {
    order: (blobs, index, layout) => [...blobs, index, list, layout],
    names: [NAME],
  });
}

/** `buildx --output type=oci,compression=zstd` and `uncompressed`. */
async function buildxOci(mediaType: string): Promise<Producer> {
  const isZstd = mediaType === MEDIA_TYPE.ociLayerZstd;
  const layers = await Promise.all(
    LAYERS.map(({ plain }) => ociBlob(isZstd ? new Uint8Array(zstdCompressSync(plain)) : plain, mediaType)),
  );
  const manifest = await ociManifest(
    await ociBlob(new Uint8Array(CONFIG.body), MEDIA_TYPE.ociConfig),
    layers,
  );
  return oci([manifest], { names: [] });
}

/** Docker 29: an index of one platform and its attestation, and another attestation beside it. */
async function docker29(): Promise<Producer> {
  const image = await platformImage(AMD64);
  const empty = await ociBlob({}, "application/vnd.oci.empty.v1+json");
  const attest = async (predicate: string): Promise<OciPart> =>
    await ociManifest(
      empty,
      [await ociBlob({ predicate }, "application/vnd.in-toto+json")],
      image.descriptor,
    );
  const inside = annotated(await attest("provenance"), {
    "vnd.docker.reference.type": "attestation-manifest",
    "vnd.docker.reference.digest": image.descriptor.digest,
  });
  const platform = { os: "unknown", architecture: "unknown" };
  const index = await ociIndex([image, { ...inside, descriptor: { ...inside.descriptor, platform } }]);
  const beside = annotated(await attest("sbom"), {
    "io.containerd.manifest.subject": image.descriptor.digest,
  });
  const { members } = oci([named(index, NAME), beside], { names: [] });
  const [config, ...layers] = manifestOf(image);
  const path = (digest: string): string => `blobs/${digest.replace(":", "/")}`;
  const list = manifestJson(path(config!.digest), layers.map(({ digest }) => path(digest)));
  return {
    members: [...members, list],
    names: [NAME],
    roots: [index.descriptor.digest],
    referrers: [beside.descriptor.digest],
  };
}

/** Docker 25.0.0: the OCI half has the layers in random order, and platform where some registries refuse it. */
async function docker25(): Promise<Producer> {
  const config = await ociBlob(new Uint8Array(CONFIG.body), MEDIA_TYPE.ociConfig);
  const layers = await Promise.all(LAYERS.map(({ plain }) => ociBlob(plain, MEDIA_TYPE.ociLayer)));
  const shuffled = await ociManifest(config, [layers[1]!, layers[0]!, layers[2]!]);
  const { members } = oci([named(shuffled, NAME)], { names: [] });
  const [configName, ...layerNames] = [config, ...layers].map(({ members: [member] }) => member!.name);
  const sources = LAYERS.map(({ diffHex }, at) => [`sha256:${diffHex}`, layers[at]!.descriptor]);
  const item = {
    Config: configName,
    RepoTags: [NAME],
    Layers: layerNames,
    LayerSources: Object.fromEntries(sources),
  };
  const repositories = json("repositories", { "r.example/team/app": { 1: APP.diffHex } });
  return { members: [...members, json("manifest.json", [item]), repositories], names: [NAME] };
}

async function platformImage(platform: typeof AMD64): Promise<OciPart> {
  return await ociImage(platform, LAYERS.map(({ plain }) => plain));
}

/** With the annotations that docker and containerd write. */
function named(part: OciPart, name: string): OciPart {
  return annotated(part, {
    "io.containerd.image.name": name,
    "org.opencontainers.image.ref.name": name.slice(name.lastIndexOf(":") + 1),
  });
}

/** An OCI layout in any order. */
function oci(
  roots: readonly OciPart[],
  options: {
    names: readonly string[];
    order?: (blobs: TarMember[], index: TarMember, layout: TarMember) => TarMember[];
  },
): Producer {
  const { names, order = (blobs, index, layout) => [...blobs, index, layout] } = options;
  const blobs = new Map(roots.flatMap(({ members }) => members).map((member) => [member.name, member]));
  const index = json("index.json", {
    schemaVersion: 2,
    manifests: roots.map(({ descriptor }) => descriptor),
  });
  const layout = { name: "oci-layout", body: '{"imageLayoutVersion":"1.0.0"}' };
  const digests = new Set(roots.map(({ descriptor }) => descriptor.digest));
  return { members: order([...blobs.values()], index, layout), names, roots: [...digests] };
}

/** Config and layers of an image. */
function manifestOf({ descriptor, members }: OciPart): { digest: string; size: number; mediaType: string }[] {
  const hex = descriptor.digest.slice("sha256:".length);
  const { body = "" } = members.find(({ name }) => name.endsWith(hex))!;
  const { config, layers } = JSON.parse(new TextDecoder().decode(toBytes(body)));
  return [config, ...layers];
}

/** Archives that can be pushed, by who writes them. */
export const OCI_PRODUCERS: Readonly<Record<string, Producer>> = {
  "jib (OCI)": await jibOci(),
  "bazel's rules_oci (OCI)": await rulesOci(),
  "Yocto": await yocto(),
  "regctl image export": await regctl(),
  "oras backup": await orasBackup(),
  "buildx type=docker": await buildxDocker(),
  "buildx type=oci with zstd": await buildxOci(MEDIA_TYPE.ociLayerZstd),
  "buildx type=oci without compression": await buildxOci(MEDIA_TYPE.ociLayer),
  "docker 25.0.0": await docker25(),
  "docker 29": await docker29(),
};
