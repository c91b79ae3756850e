import { formatByteSize } from "../../util/byte_size.ts";
import type { Clock } from "../../util/clock.ts";
import { printable } from "../../util/printable.ts";
import { type Exchange, redactUrl } from "../registry_request.ts";

/**
 * Tells of every request and answer. Headers and queries are left out, since they hold secrets; which kind of
 * authorization was sent is told.
 *
 * @param exchange What is traced.
 * @param onTrace Receives one line for each request and each answer.
 * @param clock Time, for durations.
 * @returns The same exchange, traced.
 */
export function traced(exchange: Exchange, onTrace: (line: string) => void, clock: Clock): Exchange {
  return async (request) => {
    const target = `${request.method} ${printable(redactUrl(request.url))}`;
    const sizeBytes = request.body &&
      ("sizeBytes" in request.body ? request.body.sizeBytes : request.body.length);
    const scheme = request.headers?.["authorization"]?.split(" ")[0];
    const range = request.headers?.["content-range"];
    const facts = [
      range && `bytes ${range}`,
      sizeBytes !== undefined && formatByteSize(sizeBytes),
      scheme && `authorization ${scheme}`,
    ].filter((fact) => fact);
    onTrace(`> ${target}${facts.length > 0 ? ` (${facts.join(", ")})` : ""}`);
    const startMs = clock.now();
    try {
      const response = await exchange(request);
      onTrace(`< ${response.status} ${target} (${clock.now() - startMs} ms)`);
      return response;
    } catch (error) {
      onTrace(`! ${target}: ${printable(error instanceof Error ? error.message : String(error))}`);
      throw error;
    }
  };
}
