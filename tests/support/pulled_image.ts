import { createHash } from "node:crypto";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import type { TestRegistry } from "./test_registry.ts";

/** An image as a registry gives it out, every digest checked on the way. */
export interface PulledImage {
  /** Digest of the manifest or index. */
  digest: string;
  /** Digest of the config; `undefined` for an index. */
  configDigest: string | undefined;
  /** What the config says its layers are, uncompressed. */
  diffIds: readonly string[];
  /** What its layers really are, uncompressed. */
  layers: readonly string[];
  /** What an index lists. */
  children: readonly PulledImage[];
}

interface Manifest {
  config?: { digest: string };
  layers?: { digest: string }[];
  manifests?: { digest: string }[];
}

const MANIFEST_TYPES = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
];

/**
 * Reads a whole image from a registry, independently of the program under test.
 *
 * @param registry Where from; it lets everybody read.
 * @param name `repository:tag`, or `repository@digest`.
 * @returns The image.
 * @throws {Error} If something is missing, or is not what its digest says.
 */
export async function pullImage(registry: Pick<TestRegistry, "origin">, name: string): Promise<PulledImage> {
  using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  const fetchBytes = async (path: string): Promise<Uint8Array> => {
    const headers = { accept: MANIFEST_TYPES.join(", ") };
    const response = await fetch(`${registry.origin}/v2/${path}`, { client, headers });
    const bytes = await response.bytes();
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
    const expected = /sha256:[0-9a-f]+$/.exec(path)?.[0] ?? sha256(bytes);
    if (sha256(bytes) !== expected) throw new Error(`${path}: the bytes are of ${sha256(bytes)}`);
    return bytes;
  };
  const [, repository = "", reference = ""] = /^(.+?)[:@]((?:sha256:)?[^:]+)$/.exec(name) ?? [];

  async function pull(reference: string): Promise<PulledImage> {
    const bytes = await fetchBytes(`${repository}/manifests/${reference}`);
    const { config, layers = [], manifests = [] }: Manifest = parse(bytes);
    const fetchBlob = (digest: string): Promise<Uint8Array> => fetchBytes(`${repository}/blobs/${digest}`);
    const contents = await Promise.all(layers.map(({ digest }) => fetchBlob(digest)));
    return {
      digest: sha256(bytes),
      configDigest: config?.digest,
      diffIds: config ? parse(await fetchBlob(config.digest)).rootfs?.diff_ids ?? [] : [],
      layers: contents.map((content) => sha256(decompress(content))),
      children: await Promise.all(manifests.map(({ digest }) => pull(digest))),
    };
  }

  return await pull(reference);
}

function decompress(bytes: Uint8Array): Uint8Array {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return gunzipSync(bytes);
  return bytes[0] === 0x28 && bytes[1] === 0xb5 ? zstdDecompressSync(bytes) : bytes;
}

// deno-lint-ignore no-explicit-any -- whatever the other side wrote
function parse(bytes: Uint8Array): any {
  return JSON.parse(new TextDecoder().decode(bytes));
}

function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
