import { digestOf } from "../../lib/spec/digest.ts";
import { gzip, layerBytes, type TarMember, toBytes } from "./archives.ts";

/** What a tool writes. */
export interface Producer {
  /** The entries, in order. */
  members: readonly TarMember[];
  /** Names of the images in full; of images without a name, nothing. */
  names: readonly string[];
  /** Digests of the manifests and indexes that must reach a registry unchanged; absent where there are none. */
  roots?: readonly string[];
  /** Digests of what refers to them and goes with them. */
  referrers?: readonly string[];
}

/** A layer in every form that tools store it in. */
export interface BuiltLayer {
  /** The tar file. */
  plain: Uint8Array<ArrayBuffer>;
  /** Digest of it, without its algorithm. */
  diffHex: string;
  gzipped: Uint8Array<ArrayBuffer>;
  /** Digest of that. */
  gzipHex: string;
  /** An identity of docker's first format: unrelated to the content. */
  v1Id: string;
}

export const NAME = "r.example/team/app:1";
export const OTHER_NAME = "r.example/team/other:2";
export const DIRECTORY = "5";
export const AMD64 = { os: "linux", architecture: "amd64" };
export const ARM64 = { os: "linux", architecture: "arm64" };

export const LAYERS = await Promise.all(["base", "app", "base"].map(makeLayer));
export const [BASE, APP] = LAYERS as [BuiltLayer, BuiltLayer, BuiltLayer];
/** A repeated layer is stored once. */
export const DISTINCT_LAYERS = [BASE, APP];
export const CONFIG = await makeConfig(LAYERS);
export const OTHER_CONFIG = await makeConfig([BASE]);

async function makeLayer(text: string): Promise<BuiltLayer> {
  const plain = layerBytes(text);
  const gzipped = await gzip(plain);
  return {
    plain,
    diffHex: await hexOf(plain),
    gzipped,
    gzipHex: await hexOf(gzipped),
    v1Id: await hexOf(toBytes(`v1 ${text}`)),
  };
}

async function makeConfig(layers: readonly BuiltLayer[]): Promise<{ body: Uint8Array; hex: string }> {
  const diff_ids = layers.map(({ diffHex }) => `sha256:${diffHex}`);
  const body = toBytes(JSON.stringify({ ...AMD64, config: {}, rootfs: { type: "layers", diff_ids } }));
  return { body, hex: await hexOf(body) };
}

export async function hexOf(bytes: Uint8Array): Promise<string> {
  return (await digestOf(bytes)).slice("sha256:".length);
}

export function json(name: string, value: unknown, space?: number): TarMember {
  return { name, body: JSON.stringify(value, null, space) };
}

/** `manifest.json` of one image. */
export function manifestJson(
  Config: string,
  Layers: readonly string[],
  RepoTags: string[] | null = [NAME],
): TarMember {
  return json("manifest.json", [{ Config, RepoTags, Layers }]);
}

export function inDirectory(directory: string): (member: TarMember) => TarMember {
  return (member) => ({ ...member, name: `${directory}/${member.name}` });
}
