import { sniffCompression } from "../../archive/compression/compression.ts";
import { hasTarChecksum, TAR_BLOCK_BYTES } from "../../archive/tar/tar_header.ts";
import type { Descriptor } from "../../spec/descriptor.ts";
import type { BlobSource } from "../../transfer/ports.ts";
import { ChunkReader } from "../../util/chunk_reader.ts";

/**
 * Whether a layer is as plain as its type says: some tools call layers plain that they have compressed.
 *
 * @param source Where it is.
 * @param layer The layer.
 * @returns Whether it is not compressed.
 */
export async function isPlainLayer(source: BlobSource, layer: Descriptor): Promise<boolean> {
  const lengthBytes = Math.min(TAR_BLOCK_BYTES, layer.size);
  await using chunks = new ChunkReader(readStream(source.openBlob(layer, { lengthBytes })));
  const start = new Uint8Array(lengthBytes);
  await chunks.read(start);
  // A file in the layer may be called like a magic number.
  return hasTarChecksum(start) || sniffCompression(start) === undefined;
}

async function* readStream(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  yield* stream;
}
