/**
 * Archives made to break whoever reads them, and what must be said of each.
 *
 * @module
 */

import { MEDIA_TYPE } from "../../lib/spec/media_type.ts";
import {
  concatBytes,
  dockerSaveMembers,
  gzip,
  layerBytes,
  ociBlob,
  ociIndex,
  ociLayoutMembers,
  ociManifest,
  type OciPart,
  tarBytes,
  type TarMember,
  toBytes,
} from "./archives.ts";

/** An archive that must be refused. */
export interface HostileArchive {
  /** Its bytes; what comes after them, up to `sizeBytes`, are zeros. */
  content: () => Promise<Uint8Array> | Uint8Array;
  /** Size of the file, if it is larger than its content: it costs no disk. */
  sizeBytes?: number;
  /** What must be said. */
  message: RegExp;
}

const MIB = 2 ** 20;
const LAYER = layerBytes("layer");
const DIGEST = `sha256:${"ab".repeat(32)}`;

/** An image whose only layer is something else. */
function layerIs(layer: Partial<TarMember>, ...before: TarMember[]): () => Promise<Uint8Array> {
  return async () => {
    const members = await dockerSaveMembers([{ tags: ["app:1"], layers: [LAYER] }]);
    return tarBytes([
      ...before,
      ...members.map((member) => member.name === "0-0/layer.tar" ? { ...member, ...layer } : member),
    ]);
  };
}

/** An archive with this `manifest.json`. */
function list(manifest: unknown): () => Uint8Array {
  const body = typeof manifest === "string" ? manifest : JSON.stringify(manifest);
  return () => tarBytes([{ name: "manifest.json", body }]);
}

/** An OCI layout with this `index.json`. */
function index(manifests: unknown): () => Uint8Array {
  return () =>
    tarBytes([
      { name: "oci-layout", body: "{}" },
      { name: "index.json", body: JSON.stringify({ schemaVersion: 2, manifests }) },
    ]);
}

/** An OCI layout of one manifest with this instead of its layers. */
async function manifestWith(fields: Record<string, unknown>): Promise<Uint8Array> {
  const config = await ociBlob({ rootfs: { diff_ids: [] } }, MEDIA_TYPE.ociConfig);
  const manifest = { schemaVersion: 2, config: config.descriptor, layers: [], ...fields };
  const part = await ociBlob(manifest, MEDIA_TYPE.ociManifest);
  return tarBytes(ociLayoutMembers([{ ...part, members: [...config.members, ...part.members] }]));
}

/** Indexes that list all of the next level, so that few of them name millions of manifests. */
async function multiplyingIndexes(): Promise<Uint8Array> {
  const config = await ociBlob({}, "application/x");
  let level = await Promise.all(
    range(14).map(async (at) => {
      const manifest = await ociManifest(config, [await ociBlob({ at }, "application/x")]);
      return manifest;
    }),
  );
  for (let depth = 0; depth < 6; depth++) {
    const below = level;
    level = await Promise.all(range(14).map((at) => ociIndex(rotated(below, at))));
  }
  const members = new Map(level.flatMap((part) => part.members).map((member) => [member.name, member]));
  return tarBytes(ociLayoutMembers([{ descriptor: level[0]!.descriptor, members: [...members.values()] }]));
}

function rotated(parts: readonly OciPart[], by: number): OciPart[] {
  return [...parts.slice(by), ...parts.slice(0, by)].map(({ descriptor, members }) => ({
    descriptor,
    members: [...new Map(members.map((member) => [member.name, member])).values()],
  }));
}

function range(length: number): number[] {
  return Array.from({ length }, (_, at) => at);
}

/** Many entries of which none is an image's. */
function entries(count: number): Uint8Array {
  const bytes = new Uint8Array(count * 512 + 1024);
  const prefix = tarBytes([{ name: "junk" }], { endBlocks: 0 });
  for (let at = 0; at < count; at++) bytes.set(prefix, at * 512);
  return bytes;
}

/** Archives that must be refused, in bounded memory and time. */
export const HOSTILE_ARCHIVES: Readonly<Record<string, HostileArchive>> = {
  "a layer of 2^62 bytes": {
    content: layerIs({ patch: (header) => header.set([0x80, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0], 124) }),
    message: /the tar header at byte 0 is damaged: a number is too large/,
  },
  "a layer of a negative size": {
    content: layerIs({ patch: (header) => header.fill(0xff, 124, 136) }),
    message: /the tar header at byte 0 is damaged: a number is negative/,
  },
  "a layer of 2^62 bytes in a PAX record": {
    content: layerIs({ pax: { size: String(2n ** 62n) } }),
    message: /the size "4611686018427387904" is not plausible/,
  },
  "a layer of a negative size in a PAX record": {
    content: layerIs({ pax: { size: "-1" } }),
    message: /the size "-1" is not plausible/,
  },
  "a layer that is longer than the archive": {
    content: layerIs({ pax: { size: "9000000000000000" } }),
    message: /(?:the file ends|it ended) inside "0-0\/layer\.tar"/,
  },
  "a size that makes two lists of one": {
    content: async () =>
      tarBytes([
        ...await dockerSaveMembers([{ layers: [LAYER] }]),
        { name: "junk", body: tarBytes([{ name: "manifest.json", body: "[]" }]), pax: { size: "0" } },
      ]),
    message: /"manifest\.json" is there twice, with different content/,
  },
  "an extended header of 1 GiB": {
    content: () => tarBytes([{ name: "x", type: "x", sizeBytes: 2 ** 30 }], { endBlocks: 0 }),
    sizeBytes: 2 ** 30 + 1024,
    message: /its extension of 1073741824 bytes is longer than 1048576/,
  },
  "a name of 1 GiB": {
    content: () => tarBytes([{ name: "x", type: "L", sizeBytes: 2 ** 30 }], { endBlocks: 0 }),
    sizeBytes: 2 ** 30 + 1024,
    message: /its extension of 1073741824 bytes is longer than 1048576/,
  },
  "extended headers that are no records": {
    content: layerIs({}, { name: "x", type: "x", body: "99999999999999999999 path=x\n" }),
    message: /an extended header record has no length/,
  },
  "a layer that is stored sparse": {
    content: layerIs({ type: "S", format: "gnu" }),
    message: /the entry "0-0\/layer\.tar" is stored sparse/,
  },
  "a layer that is stored sparse by PAX": {
    content: layerIs({ pax: { "GNU.sparse.major": "1", "GNU.sparse.realsize": "99999999999" } }),
    message: /the entry "0-0\/layer\.tar" is stored sparse/,
  },
  "a layer that is a device": {
    content: layerIs({ type: "3", body: "" }),
    message: /the entry "0-0\/layer\.tar" is no file/,
  },
  "a layer that is a pipe": {
    content: layerIs({ type: "6", body: "" }),
    message: /the entry "0-0\/layer\.tar" is no file/,
  },
  "a layer that is a link out of the archive": {
    content: layerIs({ type: "2", body: "", linkTarget: "../../../etc/passwd" }),
    message: /is a link that leaves the archive, to "\.\.\/\.\.\/\.\.\/etc\/passwd"/,
  },
  "a layer that is a link to an absolute path": {
    content: layerIs({ type: "2", body: "", linkTarget: "/etc/passwd" }),
    message: /is a link that leaves the archive, to "\/etc\/passwd"/,
  },
  "a layer that is a hard link to itself": {
    content: layerIs({ type: "1", body: "", linkTarget: "0-0/layer.tar" }),
    message: /is a link that leads back to itself/,
  },
  "a chain of links": {
    content: layerIs(
      { type: "2", body: "", linkTarget: "../l0" },
      ...range(1000).map((at) => ({ name: `l${at}`, type: "2", linkTarget: `l${at + 1}` })),
    ),
    message: /"0-0\/layer\.tar" is a link over more than 40 others/,
  },
  "a layer that is there twice": {
    content: layerIs({}, { name: "./0-0/layer.tar", body: layerBytes("other") }),
    message: /"0-0\/layer\.tar" is there twice, with different content/,
  },
  "a config at an absolute path": {
    content: list([{ Config: "/etc/passwd", RepoTags: ["app:1"], Layers: [] }]),
    message: /the config "\/etc\/passwd" is missing/,
  },
  "a config at a path out of the archive": {
    content: list([{ Config: "../../../../etc/passwd", RepoTags: ["app:1"], Layers: [] }]),
    message: /the config "\.\.\/\.\.\/\.\.\/\.\.\/etc\/passwd" is missing/,
  },
  "names with control characters": {
    content: list([{ Config: "\x1b]0;owned\x07\x1b[2J", Layers: [] }]),
    message: /the config "\\u\{1b\}\]0;owned\\u\{7\}\\u\{1b\}\[2J" is missing/,
  },
  "an entry with control characters": {
    content: () => tarBytes([{ name: "\x1b[2J\nerror: gone", body: "x" }]).slice(0, 512),
    message: /(?:the file ends|it ended) inside "\\u\{1b\}\[2J\\u\{a\}error: gone"/,
  },
  "a list of numbers": { content: list([1, 2]), message: /"manifest\.json" is damaged/ },
  "a list that is null": { content: list("null"), message: /"manifest\.json" is damaged/ },
  "a list with wrong types": {
    content: list([{ Config: ["c"], RepoTags: { a: 1 }, Layers: 7 }]),
    message: /"manifest\.json" is damaged: "0\.Config" is wrong/,
  },
  "a list with a key that changes objects": {
    content: list('[{"__proto__":{"Config":"c","Layers":[]}}]'),
    message: /"manifest\.json" is damaged: "0\.Config" is wrong/,
  },
  "a list of millions of wrong things": {
    content: list(`[${"{},".repeat(2.5 * MIB)}{}]`),
    message: /"manifest\.json" is damaged/,
  },
  "a list that is nested millions of times": {
    content: list("[".repeat(8 * MIB)),
    message: /"manifest\.json" is damaged: it is nested too deeply/,
  },
  "a list of a million names": {
    content: list([{ Config: "c", RepoTags: Array(MIB).fill("a:1"), Layers: [] }]),
    message: /"manifest\.json" is damaged: it has more than 100000 names/,
  },
  "a list of 80 MB": {
    content: () => tarBytes([{ name: "manifest.json", sizeBytes: 80 * MIB }], { endBlocks: 0 }),
    sizeBytes: 80 * MIB + 2048,
    message: /"manifest\.json" is larger than 8\.00 MiB/,
  },
  "a digest that is a path": {
    content: index([{ mediaType: MEDIA_TYPE.ociManifest, digest: "sha256:../../../etc/passwd", size: 3 }]),
    message: /"index\.json" is damaged: "manifests\.0\.digest" is wrong: must be a digest/,
  },
  "a digest of an unknown kind": {
    content: index([{ mediaType: MEDIA_TYPE.ociManifest, digest: "md5:d41d8cd98f00b204", size: 3 }]),
    message: /"index\.json" is damaged: "manifests\.0\.digest" is wrong: must be a digest/,
  },
  "a layer whose digest is a path": {
    content: () =>
      manifestWith({ layers: [{ mediaType: MEDIA_TYPE.ociLayer, digest: "sha256:../../x", size: 1 }] }),
    message: /"blobs\/sha256\/[0-9a-f]{64}" is damaged: "layers\.0\.digest" is wrong: must be a digest/,
  },
  "a layer whose size is no number": {
    content: () => manifestWith({ layers: [{ mediaType: MEDIA_TYPE.ociLayer, digest: DIGEST, size: "1" }] }),
    message: /"layers\.0\.size" is wrong/,
  },
  "a layer whose size is negative": {
    content: () => manifestWith({ layers: [{ mediaType: MEDIA_TYPE.ociLayer, digest: DIGEST, size: -1 }] }),
    message: /"layers\.0\.size" is wrong/,
  },
  "a manifest that is an index as well": {
    content: () => manifestWith({ manifests: [] }),
    message: /it is both a manifest and an index/,
  },
  "indexes that name each other millions of times": {
    content: multiplyingIndexes,
    message: /its manifests and configs name each other more than 20000 times/,
  },
  "100,000 entries without an image": {
    content: () => entries(100_000),
    message: /it is a tar archive, but of no image/,
  },
  "300,000 entries": {
    content: () => entries(300_000),
    message: /it has more than 250000 entries/,
  },
  "a hole where a header was": {
    content: () =>
      concatBytes([
        tarBytes([{ name: "a" }], { endBlocks: 1 }),
        tarBytes([{ name: "manifest.json", body: "[]" }]),
      ]),
    message: /the tar header at byte 512 is damaged: it is empty/,
  },
  "a compressed layer that is damaged": {
    content: async () => {
      const zipped = await gzip(LAYER);
      const damaged = zipped.map((byte, at) => at === 20 ? byte ^ 0xff : byte);
      return tarBytes(
        await dockerSaveMembers([{
          layers: [LAYER],
          store: () => ({ name: "layer.bin", body: damaged }),
        }]),
      );
    },
    message: /the layer "layer\.bin" (?:cannot be decompressed|is not what the config says)/,
  },
  "a config that is no config": {
    content: () =>
      tarBytes([
        { name: "c.json", body: toBytes('{"rootfs":{"diff_ids":["sha256:../x"]}}') },
        { name: "manifest.json", body: '[{"Config":"c.json","Layers":["x"]}]' },
      ]),
    message: /"c\.json" is damaged: "rootfs\.diff_ids\.0" is wrong: must be a digest/,
  },
};

/**
 * Writes a hostile archive.
 *
 * @param archive Which.
 * @param path Where.
 */
export async function writeHostileArchive(archive: HostileArchive, path: string): Promise<void> {
  await Deno.writeFile(path, await archive.content());
  if (archive.sizeBytes !== undefined) await Deno.truncate(path, archive.sizeBytes);
}
