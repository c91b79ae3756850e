import type { RegistryHandler } from "../../server/registry_handler.ts";
import { printable } from "../../util/printable.ts";
import type { CommandContext } from "../command_context.ts";

/**
 * Writes a line for each request, as far as somebody wants to see it: what was asked, and what was answered how fast.
 *
 * @param handler Answers requests.
 * @param context Is told, and has the time.
 * @returns The same.
 */
export function watchedHandler(
  handler: RegistryHandler,
  { onTrace, clock }: Pick<CommandContext, "onTrace" | "clock">,
): RegistryHandler {
  if (!onTrace) return handler;
  return async (request) => {
    const startMs = clock.now();
    const { pathname, search } = new URL(request.url);
    const answer = await handler(request);
    const agent = request.headers.get("user-agent") ?? "-";
    const range = request.headers.get("range");
    onTrace(
      `${request.method} ${printable(pathname + search)} ${answer.status} ${
        answer.headers.get("content-length") ?? "-"
      } ${clock.now() - startMs}ms ${range === null ? "" : `${printable(range)} `}"${printable(agent)}"`,
    );
    return answer;
  };
}
