import { requestChunks } from "./request_chunks.ts";

/**
 * Reads the body of a request into memory.
 *
 * @param request The request.
 * @param maxBytes The most to take.
 * @returns The bytes; `undefined` if there are more.
 * @throws {ClientGone} If the client goes away.
 */
export async function readCappedBody(
  request: Request,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (Number(request.headers.get("content-length")) > maxBytes) return undefined;
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let sizeBytes = 0;
  for await (const chunk of requestChunks(request)) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxBytes) return undefined;
    chunks.push(chunk.slice());
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}
