import { createHash } from "node:crypto";
import { type Digest, sha256Digest } from "../../lib/spec/digest.ts";
import { tarBytes, tarHeader, type TarMember, toBytes } from "./archives.ts";
import { makeTempDir } from "./temp_dir.ts";

const BLOCK_BYTES = 512;
const HASHED_BYTES = 2 ** 20;

/** What stands at the end of the layer, after nothing but zeros. */
export const LAYER_END = "the end of the layer";

/** A way to write sizes of 8 GiB and more, for which eleven octal digits do not suffice. */
export type LargeSizeFormat = "base-256" | "PAX" | "12 octal digits";

/** What {@linkcode writeSparseArchive} writes. */
export interface SparseArchiveOptions {
  /** Size of the one layer. */
  layerBytes: number;
  /** How its size is written. */
  sizeFormat: LargeSizeFormat;
  /** What the config says of it. */
  diffId: Digest;
}

/**
 * Writes an archive as docker save would, with one image `app:1` of one layer, which takes no space on the disk however
 * large it is.
 *
 * @param path Where to.
 * @param options The layer.
 */
export async function writeSparseArchive(path: string, options: SparseArchiveOptions): Promise<void> {
  const { layerBytes, sizeFormat, diffId } = options;
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  const write = async (bytes: Uint8Array, offsetBytes: number): Promise<void> => {
    await file.seek(offsetBytes, Deno.SeekMode.Start);
    await file.write(bytes);
  };
  const header = layerHeader(layerBytes, sizeFormat);
  await write(header, 0);
  await write(toBytes(LAYER_END), header.length + layerBytes - LAYER_END.length);
  const config = { os: "linux", architecture: "amd64", rootfs: { type: "layers", diff_ids: [diffId] } };
  const item = { Config: "config.json", RepoTags: ["app:1"], Layers: ["0/layer.tar"] };
  const documents = tarBytes([
    { name: "config.json", body: JSON.stringify(config) },
    { name: "manifest.json", body: JSON.stringify([item]) },
  ]);
  await write(documents, header.length + Math.ceil(layerBytes / BLOCK_BYTES) * BLOCK_BYTES);
}

function layerHeader(sizeBytes: number, format: LargeSizeFormat): Uint8Array {
  const layer: TarMember = { name: "0/layer.tar" };
  if (format === "base-256") return tarHeader({ ...layer, sizeBytes, sizeFormat: "base256", format: "gnu" });
  if (format === "12 octal digits") return tarHeader({ ...layer, sizeBytes, sizeFormat: "octal12" });
  // As Go and Python do: the header itself says 0.
  return tarBytes([{ ...layer, pax: { size: String(sizeBytes) } }], { endBlocks: 0 });
}

/**
 * Hashes the layer of {@linkcode writeSparseArchive}, which takes about a second for each 300 MiB.
 *
 * @param layerBytes Its size.
 * @returns Its digest.
 */
export function digestOfSparseLayer(layerBytes: number): Digest {
  const hash = createHash("sha256");
  const zeros = new Uint8Array(HASHED_BYTES);
  const zeroBytes = layerBytes - LAYER_END.length;
  for (let at = 0; at < zeroBytes; at += HASHED_BYTES) hash.update(zeros.subarray(0, zeroBytes - at));
  return sha256Digest(hash.update(LAYER_END).digest("hex"));
}

/**
 * Whether files with holes cost next to nothing here.
 *
 * @returns Whether they do.
 */
export async function hasSparseFiles(): Promise<boolean> {
  await using temp = await makeTempDir();
  const path = temp.join("sparse");
  try {
    await Deno.writeFile(path, new Uint8Array(0));
    await Deno.truncate(path, 40 * 2 ** 30);
    return ((await Deno.stat(path)).blocks ?? Infinity) < 1000;
  } catch {
    return false;
  }
}
