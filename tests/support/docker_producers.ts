/**
 * Archives in docker save's format, as tools write them that cannot be run in tests: names, order and formats are those of
 * the tools' own sources.
 *
 * @module
 */

import { zstdCompressSync } from "node:zlib";
import type { TarMember } from "./archives.ts";
import {
  APP,
  BASE,
  type BuiltLayer,
  CONFIG,
  DIRECTORY,
  DISTINCT_LAYERS,
  hexOf,
  inDirectory,
  json,
  LAYERS,
  manifestJson,
  NAME,
  OTHER_CONFIG,
  OTHER_NAME,
  type Producer,
} from "./produced_image.ts";

const SYMLINK = "2";
const HARDLINK = "1";

/** Of go-containerregistry: crane, kaniko and ko. An image without layers of its own shares those of another. */
function ggcrTarball(): Producer {
  const name = ({ gzipHex }: BuiltLayer): string => `${gzipHex}.tar.gz`;
  const layers = DISTINCT_LAYERS.map((layer) => ({ name: name(layer), body: layer.gzipped }));
  const config = { name: `sha256:${CONFIG.hex}`, body: CONFIG.body };
  const other = { name: `sha256:${OTHER_CONFIG.hex}`, body: OTHER_CONFIG.body };
  const item = (config: TarMember, layers: readonly BuiltLayer[], tag: string): unknown => ({
    Config: config.name,
    RepoTags: [tag],
    Layers: layers.map(name),
  });
  const list = json("manifest.json", [
    item(config, LAYERS, NAME),
    item(other, [BASE], "r.example/team/other:i-was-a-digest"),
    item(other, [BASE], OTHER_NAME),
  ]);
  // The config is written once for each image that has it.
  return { members: [config, ...layers, other, other, list], names: [NAME, OTHER_NAME] };
}

/** Before 2026 the extension was `.tar.gz` whatever the compression. */
async function ggcrZstd(): Promise<Producer> {
  const layers = await Promise.all(DISTINCT_LAYERS.map(async ({ plain }) => {
    const body = new Uint8Array(zstdCompressSync(plain));
    return { name: `${await hexOf(body)}.tar.gz`, body };
  }));
  const [base, app] = layers.map(({ name }) => name);
  const config = { name: `sha256:${CONFIG.hex}`, body: CONFIG.body };
  return { members: [config, ...layers, manifestJson(config.name, [base!, app!, base!])], names: [NAME] };
}

/** `crane --format legacy` and rules_docker: docker's first format, with the config first. */
function legacyTarball(): Producer {
  const layers = DISTINCT_LAYERS.flatMap(({ v1Id, plain }) => [
    { name: `${v1Id}/layer.tar`, body: plain },
    json(`${v1Id}/json`, { id: v1Id }),
    { name: `${v1Id}/VERSION`, body: "1.0" },
  ]);
  const config = { name: `${CONFIG.hex}.json`, body: CONFIG.body };
  const list = manifestJson(config.name, LAYERS.map(({ v1Id }) => `${v1Id}/layer.tar`));
  const repositories = json("repositories", { "r.example/team/app": { 1: APP.v1Id } });
  return { members: [config, ...layers, list, repositories], names: [NAME] };
}

function jibDocker(): Producer {
  const layers = DISTINCT_LAYERS.map(({ gzipHex, gzipped }) => ({
    name: `${gzipHex}.tar.gz`,
    body: gzipped,
  }));
  const list = manifestJson("config.json", LAYERS.map(({ gzipHex }) => `${gzipHex}.tar.gz`));
  return { members: [...layers, { name: "config.json", body: CONFIG.body }, list], names: [NAME] };
}

/** Of rules_oci: bsdtar after an mtree; the config is a blob, layers are blobs with an extension. */
function rulesOciDocker(): Producer {
  const name = ({ gzipHex }: BuiltLayer): string => `blobs/sha256/${gzipHex}.tar.gz`;
  const layers = DISTINCT_LAYERS.map((layer) => ({
    name: name(layer),
    body: layer.gzipped,
    pax: { mtime: "0.5" },
  }));
  const config = { name: `blobs/sha256/${CONFIG.hex}`, body: CONFIG.body };
  return { members: [config, ...layers, manifestJson(config.name, LAYERS.map(name))], names: [NAME] };
}

/** `dockerTools.buildImage`: sorted, pretty lists, an id that has nothing to do with the layer. */
function nixBuildImage(): Producer {
  const members = DISTINCT_LAYERS.flatMap(({ v1Id, plain }) => [
    { name: `${v1Id}/`, type: DIRECTORY },
    { name: `${v1Id}/VERSION`, body: "1.0" },
    { name: `${v1Id}/json`, body: "{}" },
    { name: `${v1Id}/layer.tar`, body: plain },
  ]);
  const Layers = LAYERS.map(({ v1Id }) => `${v1Id}/layer.tar`);
  const list = json("manifest.json", [{ Config: `${CONFIG.hex}.json`, RepoTags: [NAME], Layers }], 2);
  const config = { name: `${CONFIG.hex}.json`, body: CONFIG.body };
  return { members: [...members, config, list, { name: "repositories", body: "{}" }], names: [NAME] };
}

/** `dockerTools.streamLayeredImage`: Python's tarfile, ids that are diff IDs. */
function nixStreamLayered(): Producer {
  const name = ({ diffHex }: BuiltLayer): string => `${diffHex}/layer.tar`;
  const layers = DISTINCT_LAYERS.map((layer) => ({
    name: name(layer),
    body: layer.plain,
    pax: { mtime: "1.25", path: name(layer) },
  }));
  const config = { name: `${CONFIG.hex}.json`, body: CONFIG.body };
  return { members: [...layers, config, manifestJson(config.name, LAYERS.map(name))], names: [NAME] };
}

/** `guix pack -f docker`: everything below `./`. */
function guix(): Producer {
  const { members } = nixBuildImage();
  const config = { name: "config.json", body: CONFIG.body };
  const list = manifestJson("config.json", LAYERS.map(({ v1Id }) => `${v1Id}/layer.tar`));
  const others = members.filter(({ name }) => !/\.json$/.test(name));
  return {
    members: [{ name: "./", type: DIRECTORY }, ...[...others, config, list].map(inDirectory("."))],
    names: [NAME],
  };
}

/** docker-squash and others that pack with Python: times in PAX records, order of the directory. */
function dockerSquash(): Producer {
  const { members, names } = legacyTarball();
  const timed = members.map((member) => ({ ...member, pax: { mtime: "1700000000.1234567" } }));
  return { members: timed.toReversed(), names };
}

/** What macOS' tar adds, and hard links for equal files, as GNU tar stores what has two names. */
function packedAgain(): Producer {
  const { members, names } = legacyTarball();
  const linked = members.map((member) =>
    member.name === `${APP.v1Id}/layer.tar`
      ? { name: member.name, type: HARDLINK, linkTarget: "store/app.tar" }
      : member
  );
  return {
    members: [
      { name: "._manifest.json", body: "\0\u{5}\u{16}\u{7}" },
      ...linked,
      { name: "store/app.tar", body: APP.plain },
    ],
    names,
  };
}

/** `podman save -m`, `skopeo`, `buildah`: `<diff id>.tar`, and links in docker's first format. */
function podmanMulti(): Producer {
  const name = ({ diffHex }: BuiltLayer): string => `${diffHex}.tar`;
  const layers = DISTINCT_LAYERS.map((layer) => ({ name: name(layer), body: layer.plain }));
  const link = (layer: BuiltLayer): TarMember => ({
    name: `${layer.v1Id}/layer.tar`,
    type: SYMLINK,
    linkTarget: `../${name(layer)}`,
  });
  const list = json("manifest.json", [
    { Config: `${CONFIG.hex}.json`, RepoTags: [NAME], Layers: LAYERS.map(name) },
    { Config: `${OTHER_CONFIG.hex}.json`, RepoTags: [OTHER_NAME], Layers: [link(BASE).name] },
  ]);
  return {
    members: [
      ...layers,
      { name: `${CONFIG.hex}.json`, body: CONFIG.body },
      ...DISTINCT_LAYERS.map(link),
      { name: `${OTHER_CONFIG.hex}.json`, body: OTHER_CONFIG.body },
      list,
      { name: "repositories", body: "{}" },
    ],
    names: [NAME, OTHER_NAME],
  };
}

/** Archives that can be pushed, by who writes them. */
export const DOCKER_PRODUCERS: Readonly<Record<string, Producer>> = {
  "crane, kaniko and ko": ggcrTarball(),
  "crane with zstd layers": await ggcrZstd(),
  "crane --format legacy and rules_docker": legacyTarball(),
  "jib (docker)": jibDocker(),
  "bazel's rules_oci (docker)": rulesOciDocker(),
  "nix buildImage": nixBuildImage(),
  "nix streamLayeredImage": nixStreamLayered(),
  "guix pack": guix(),
  "docker-squash": dockerSquash(),
  "whoever packs again": packedAgain(),
  "podman save -m": podmanMulti(),
};
