/** A request as the registry sees it: no socket in sight. */
export interface HttpRequest {
  /** For example `PATCH`. */
  method: string;
  /** Still percent-encoded, without the query. */
  path: string;
  /** The query. */
  query: URLSearchParams;
  /** The headers. */
  headers: Headers;
  /** The body; each chunk is valid until the next is asked for. Fails with {@linkcode ConnectionLost}. */
  body: AsyncIterable<Uint8Array>;
}

/** An answer. */
export interface HttpAnswer {
  /** For example `202`. */
  status: number;
  /** Header lines; several values make several lines. `Content-Length` is added where the body's length is known. */
  headers?: Record<string, string | readonly string[]>;
  /** The body; none when absent. */
  body?: string | Uint8Array | readonly Uint8Array[];
}

/** The client went away in the middle of a request. */
export class ConnectionLost extends Error {
  /** Always `"ConnectionLost"`. */
  override readonly name = "ConnectionLost";
}

/** The server hangs up without (the rest of) an answer. */
export class ConnectionDropped extends Error {
  /** Always `"ConnectionDropped"`. */
  override readonly name = "ConnectionDropped";
}

/**
 * Finds a header of an answer, whatever its case.
 *
 * @param answer The answer.
 * @param name The header.
 * @returns Its first value.
 */
export function answerHeader(answer: HttpAnswer, name: string): string | undefined {
  const wanted = name.toLowerCase();
  const found = Object.entries(answer.headers ?? {}).find(([key]) => key.toLowerCase() === wanted)?.[1];
  return typeof found === "string" ? found : found?.[0];
}

/**
 * Replaces a header of an answer, whatever its case.
 *
 * @param answer The answer; it is not changed.
 * @param name The header.
 * @param value Its new value; the header is removed when absent.
 * @returns The new answer.
 */
export function withAnswerHeader(
  answer: HttpAnswer,
  name: string,
  value: string | readonly string[] | undefined,
): HttpAnswer {
  const others = Object.entries(answer.headers ?? {}).filter(([key]) =>
    key.toLowerCase() !== name.toLowerCase()
  );
  return {
    ...answer,
    headers: { ...Object.fromEntries(others), ...(value === undefined ? {} : { [name]: value }) },
  };
}

/**
 * Reads a body into memory.
 *
 * @param body The body.
 * @param maxBytes The most to take.
 * @returns The bytes, or `undefined` if there are more.
 */
export async function readBody(
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of body) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxBytes) return undefined;
    parts.push(chunk.slice());
  }
  return concatBytes(parts);
}

/**
 * Joins bytes.
 *
 * @param parts The parts in order.
 * @returns One array.
 */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
