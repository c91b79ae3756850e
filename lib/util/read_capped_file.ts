/**
 * Reads a file that should be small, whatever its size says: it may be a pipe or a device.
 *
 * @param path Which.
 * @param maxBytes The cap.
 * @returns All of it.
 * @throws {Error} *it has more than … bytes*, and what `Deno.open` throws.
 */
export async function readCappedFile(path: string, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  using file = await Deno.open(path);
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let sizeBytes = 0;
  for (;;) {
    const chunk = new Uint8Array(16 * 2 ** 10);
    const read = await file.read(chunk);
    if (read === null) return new Uint8Array(await new Blob(chunks).arrayBuffer());
    sizeBytes += read;
    if (sizeBytes > maxBytes) throw new Error(`it has more than ${maxBytes} bytes`);
    chunks.push(chunk.subarray(0, read));
  }
}
