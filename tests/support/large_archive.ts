import { createHash } from "node:crypto";
import { type Digest, sha256Digest } from "../../lib/spec/digest.ts";
import { tarHeader } from "./archives.ts";

const BLOCK_BYTES = 2 ** 20;
const TAR_BLOCK_BYTES = 512;

/**
 * Writes an archive as docker save would, with one image `app:1` and layers that need not fit into memory.
 *
 * @param path Where to.
 * @param layerBytes Sizes of the layers, each a multiple of 4.
 * @returns Digests of the layers.
 */
export async function writeLargeArchive(path: string, layerBytes: readonly number[]): Promise<Digest[]> {
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  const writer = file.writable.getWriter();
  const layers: Digest[] = [];
  const writeEntry = async (name: string, text: string): Promise<void> => {
    const body = new TextEncoder().encode(text);
    await writer.write(tarHeader({ name, body }));
    await writer.write(body);
    await writer.write(new Uint8Array(-body.length & (TAR_BLOCK_BYTES - 1)));
  };
  for (const [at, sizeBytes] of layerBytes.entries()) {
    await writer.write(tarHeader({ name: `${at}/layer.tar`, sizeBytes }));
    const hash = createHash("sha256");
    for (let offsetBytes = 0; offsetBytes < sizeBytes; offsetBytes += BLOCK_BYTES) {
      const block = patternBlock(at + 1, offsetBytes).subarray(0, sizeBytes - offsetBytes);
      hash.update(block);
      await writer.write(block);
    }
    layers.push(sha256Digest(hash.digest("hex")));
    await writer.write(new Uint8Array(-sizeBytes & (TAR_BLOCK_BYTES - 1)));
  }
  const config = JSON.stringify({
    os: "linux",
    architecture: "amd64",
    config: {},
    rootfs: { type: "layers", diff_ids: layers },
  });
  await writeEntry("config.json", config);
  const item = {
    Config: "config.json",
    RepoTags: ["app:1"],
    Layers: layerBytes.map((_, at) => `${at}/layer.tar`),
  };
  await writeEntry("manifest.json", JSON.stringify([item]));
  await writer.write(new Uint8Array(2 * TAR_BLOCK_BYTES));
  await writer.close();
  return layers;
}

/** Bytes of which no two parts are alike, made faster than random ones. */
function patternBlock(seed: number, offsetBytes: number): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(BLOCK_BYTES / 4);
  const start = offsetBytes / 4;
  for (let index = 0; index < words.length; index++) {
    words[index] = Math.imul(start + index, 0x9e3779b1) + seed;
  }
  return new Uint8Array(words.buffer);
}
