import type { StreamBody } from "../util/stream_body.ts";

/** One HTTP request to a registry or to what a registry points at. */
export interface RegistryRequest {
  /** HTTP method. */
  method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Where it goes, with query. */
  url: URL;
  /** Headers besides those that every request has. */
  headers?: Readonly<Record<string, string>>;
  /** What is sent: bytes, or a stream of known length that can be opened again for a replay. */
  body?: Uint8Array | StreamBody;
  /** Token scopes it needs, the most important first, for example `repository:team/app:pull,push`. */
  scopes: readonly string[];
  /**
   * Longest wait for the answer once everything is sent.
   *
   * @default {60 s without a body, 5 min with one}
   */
  answerTimeoutMs?: number;
  /** Ends it. */
  signal: AbortSignal;
}

/**
 * Sends a request and gives the answer, whatever its status. Layers of behaviour (tracing, authorization) are functions
 * from one exchange to another.
 *
 * The caller reads or discards the answer's body.
 */
export type Exchange = (request: RegistryRequest) => Promise<Response>;

/** Largest error or token document read. */
export const MAX_ANSWER_BYTES: number = 64 * 2 ** 10;

/**
 * Reads at most `maxBytes` of an answer and lets go of the rest.
 *
 * @param response The answer.
 * @param maxBytes The cap.
 * @returns The bytes, and whether that was all.
 */
export async function readCapped(
  response: Response,
  maxBytes: number = MAX_ANSWER_BYTES,
): Promise<{ bytes: Uint8Array<ArrayBuffer>; complete: boolean }> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let sizeBytes = 0;
  const reader = response.body?.getReader();
  while (reader && sizeBytes <= maxBytes) {
    const { value, done } = await reader.read();
    if (done) break;
    chunks.push(value);
    sizeBytes += value.length;
  }
  if (sizeBytes > maxBytes) await reader?.cancel();
  const bytes = new Uint8Array(await new Blob(chunks).slice(0, maxBytes).arrayBuffer());
  return { bytes, complete: sizeBytes <= maxBytes };
}

/**
 * Reads away an answer nobody needs, so that its connection can be used again.
 *
 * @param response The answer.
 */
export async function discard(response: Response): Promise<void> {
  await readCapped(response);
}

/**
 * A URL as it may be shown: without user information and query, which can hold secrets.
 *
 * @param url Any URL.
 * @returns Origin and path.
 */
export function redactUrl(url: URL): string {
  return `${url.origin}${url.pathname}`;
}
