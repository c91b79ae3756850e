import { reusedChunks } from "../util/reused_chunks.ts";

/**
 * Bodies that come in small chunks, as docker and podman send them, fill no buffer: `Deno.serve` takes the longer for each
 * that is not filled, the larger it is and the more came before, seconds for the hundreds of MiB of a layer. Up to this size
 * it does not.
 */
const REQUEST_BUFFER_BYTES = 64 * 2 ** 10;

/** The client went away in the middle of its request. Nobody is left to be told of it. */
export class ClientGone extends Error {
  /** Always `"ClientGone"`. */
  override readonly name = "ClientGone";
}

/**
 * The body of a request.
 *
 * @param request The request.
 * @returns Its chunks, each valid until the next one is asked for. It throws {@linkcode ClientGone}.
 */
export async function* requestChunks({ body }: Request): AsyncGenerator<Uint8Array, void> {
  if (!body) return;
  const chunks = reusedChunks(body, REQUEST_BUFFER_BYTES);
  try {
    while (true) {
      const { value, done } = await next(chunks);
      if (done) return;
      yield value;
    }
  } finally {
    await chunks.return();
  }
}

async function next(
  chunks: AsyncGenerator<Uint8Array, void, void>,
): Promise<IteratorResult<Uint8Array, void>> {
  try {
    return await chunks.next();
  } catch (cause) {
    throw new ClientGone("The client went away in the middle of its request", { cause });
  }
}
