import { createHash } from "node:crypto";
import { tarHeader, toBytes } from "../../tests/support/archives.ts";
import { seededRandom } from "../../tests/support/seeded_random.ts";

const CHUNK_BYTES = 2 ** 20;
const BLOCK_BYTES = 512;

/** An archive to push. */
export interface BenchArchive {
  /** Where it is. */
  path: string;
  /** Its name, as `RepoTags` has it. */
  name: string;
  /** Bytes of its layers. */
  layerBytes: number;
}

/**
 * Writes an archive as docker save before 25 does, chunk by chunk. Every second layer is random, the others compress to
 * about half.
 *
 * @param path Where to.
 * @param layerSizes Bytes of each layer, multiples of 1 MiB.
 * @returns The archive.
 */
export async function makeArchive(path: string, layerSizes: readonly number[]): Promise<BenchArchive> {
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  const write = async (bytes: Uint8Array): Promise<void> => {
    for (let written = 0; written < bytes.length;) written += await file.write(bytes.subarray(written));
  };
  const random = seededRandom(layerSizes.length);
  const diffIds: string[] = [];
  const layers = layerSizes.map((_, index) => `${String(index).padStart(64, "0")}/layer.tar`);
  for (const [index, sizeBytes] of layerSizes.entries()) {
    await write(tarHeader({ name: layers[index]!, sizeBytes }));
    const hash = createHash("sha256");
    const chunk = new Uint8Array(CHUNK_BYTES);
    for (let written = 0; written < sizeBytes; written += CHUNK_BYTES) {
      fill(chunk, random, index % 2 === 1);
      hash.update(chunk);
      await write(chunk);
    }
    diffIds.push(`sha256:${hash.digest("hex")}`);
  }
  const config = toBytes(JSON.stringify({
    architecture: "amd64",
    os: "linux",
    config: {},
    rootfs: { type: "layers", diff_ids: diffIds },
  }));
  const configPath = `${createHash("sha256").update(config).digest("hex")}.json`;
  const name = `bench/layers-${layerSizes.length}:1`;
  const manifest = toBytes(JSON.stringify([{ Config: configPath, RepoTags: [name], Layers: layers }]));
  for (const [entry, bytes] of [[configPath, config], ["manifest.json", manifest]] as const) {
    await write(tarHeader({ name: entry, sizeBytes: bytes.length }));
    await write(bytes);
    await write(new Uint8Array(-bytes.length & BLOCK_BYTES - 1));
  }
  await write(new Uint8Array(2 * BLOCK_BYTES));
  return { path, name, layerBytes: layerSizes.reduce((sum, size) => sum + size, 0) };
}

function fill(chunk: Uint8Array<ArrayBuffer>, random: () => number, isCompressible: boolean): void {
  const words = new Uint32Array(chunk.buffer);
  for (let index = 0; index < words.length; index++) {
    words[index] = isCompressible && index % 2 === 0 ? 0 : random() * 2 ** 32;
  }
}
