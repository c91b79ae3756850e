/**
 * Answers in the forms that the distribution spec gives them.
 *
 * @module
 */

/** Codes of the distribution spec, and `PAGINATION_NUMBER_INVALID` and `UNKNOWN` of docker's registry. */
export type RegistryErrorCode =
  | "BLOB_UNKNOWN"
  | "BLOB_UPLOAD_INVALID"
  | "BLOB_UPLOAD_UNKNOWN"
  | "DENIED"
  | "DIGEST_INVALID"
  | "MANIFEST_BLOB_UNKNOWN"
  | "MANIFEST_INVALID"
  | "MANIFEST_UNKNOWN"
  | "NAME_INVALID"
  | "NAME_UNKNOWN"
  | "PAGINATION_NUMBER_INVALID"
  | "RANGE_INVALID"
  | "SIZE_INVALID"
  | "TAG_INVALID"
  | "UNAUTHORIZED"
  | "UNKNOWN"
  | "UNSUPPORTED";

/** What else an answer says. */
export interface ErrorAnswerOptions {
  /**
   * For people.
   *
   * @default {the code in words}
   */
  message?: string;
  /** For programs. */
  detail?: unknown;
  /** Further headers. */
  headers?: Record<string, string>;
}

/**
 * Says no.
 *
 * @param status HTTP status.
 * @param code Why.
 * @param options What else to say.
 * @returns The answer.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes
 */
export function errorAnswer(
  status: number,
  code: RegistryErrorCode,
  options: ErrorAnswerOptions = {},
): Response {
  const { message = code.toLowerCase().replaceAll("_", " "), detail, headers = {} } = options;
  return jsonAnswer({ errors: [{ code, message, detail }] }, { status, headers });
}

/**
 * Answers with JSON.
 *
 * @param document What to write.
 * @param init Status, 200 by default, and further headers, which win.
 * @returns The answer.
 */
export function jsonAnswer(
  document: unknown,
  { status = 200, headers = {} }: { status?: number; headers?: Record<string, string> } = {},
): Response {
  const bytes = new TextEncoder().encode(JSON.stringify(document));
  return new Response(bytes, {
    status,
    headers: { "Content-Type": "application/json", "Content-Length": `${bytes.length}`, ...headers },
  });
}

/**
 * Answers without a body.
 *
 * @param status HTTP status.
 * @param headers The headers.
 * @returns The answer.
 */
export function emptyAnswer(status: number, headers: Record<string, string> = {}): Response {
  // Without a length it would be told in chunks that there is nothing, except where the status says so.
  const length: Record<string, string> = status === 204 || status === 304 ? {} : { "Content-Length": "0" };
  return new Response(null, { status, headers: { ...length, ...headers } });
}
