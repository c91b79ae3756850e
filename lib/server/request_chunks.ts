import { reusedChunks } from "../util/reused_chunks.ts";

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
  const chunks = reusedChunks(body);
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
