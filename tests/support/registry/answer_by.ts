import type { RegistryHandler } from "../../../lib/server/registry_handler.ts";
import { ClientGone } from "../../../lib/server/request_chunks.ts";
import type { HttpAnswer, HttpRequest } from "./http_message.ts";

/** Where a handler believes to be. */
const ORIGIN = "http://registry.test";

/**
 * Answers a request that came from a socket as a handler of fetch requests does. Of its body is read what the handler
 * asks for, when it asks.
 *
 * @param handler Answers.
 * @param request The request.
 * @returns The answer, with its whole body.
 * @throws What reading the body throws.
 */
export async function answerBy(handler: RegistryHandler, request: HttpRequest): Promise<HttpAnswer> {
  const { method, path, query, headers } = request;
  const isRead = method === "GET" || method === "HEAD";
  const body = isRead ? null : ReadableStream.from(request.body);
  try {
    const answer = await handler(new Request(`${ORIGIN}${path}?${query}`, { method, headers, body }));
    return await readAnswer(answer, method === "HEAD");
  } catch (error) {
    throw error instanceof ClientGone ? error.cause : error;
  }
}

async function readAnswer({ status, headers, body }: Response, isHead: boolean): Promise<HttpAnswer> {
  const fields = Object.fromEntries(headers);
  // A fault may put another body into the place of this one.
  if (!isHead) delete fields["content-length"];
  return { status, headers: fields, body: body ? await Array.fromAsync(body) : [] };
}
