import type { HttpAnswer } from "./http_message.ts";

/**
 * Writes an error as the distribution spec wants it.
 *
 * @param status HTTP status.
 * @param code One of the spec's codes, for example `BLOB_UNKNOWN`.
 * @param options What else to say.
 * @returns The answer.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes
 */
export function errorAnswer(
  status: number,
  code: string,
  { message = code.toLowerCase().replaceAll("_", " "), detail, headers = {} }: {
    message?: string;
    detail?: unknown;
    headers?: HttpAnswer["headers"];
  } = {},
): HttpAnswer {
  return jsonAnswer(
    status,
    { errors: [{ code, message, ...(detail === undefined ? {} : { detail }) }] },
    headers,
  );
}

/**
 * Writes JSON.
 *
 * @param status HTTP status.
 * @param body What to write.
 * @param headers Further headers; they win.
 * @returns The answer.
 */
export function jsonAnswer(status: number, body: unknown, headers: HttpAnswer["headers"] = {}): HttpAnswer {
  return { status, headers: { "Content-Type": "application/json", ...headers }, body: JSON.stringify(body) };
}
