import type { HttpRequest } from "./http_message.ts";
import type { Exchange } from "./http_server.ts";
import type { RequestKind, Route } from "./routes.ts";

/** What a client asked and got. */
export interface LoggedRequest {
  /** What it was about. */
  readonly kind: RequestKind;
  /** For example `PATCH`. */
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** Names of the parameters of the query, in order. */
  readonly queryKeys: readonly string[];
  /** The headers; of `Authorization` only the scheme. */
  readonly headers: Headers;
  /** Request line and headers as they were on the wire; of `Authorization` only the scheme. */
  readonly rawHead: string;
  /** Body bytes the server read. */
  readonly bodyBytes: number;
  /** Status of the answer; `undefined` while there is none, and for ever if the connection was cut before. */
  readonly status: number | undefined;
}

/**
 * Writes a request down.
 *
 * @param exchange The request on its connection.
 * @param route What it is about.
 * @returns The entry; its status is yet to come.
 */
export function logRequest(exchange: Exchange, route: Route): LoggedRequest & { status: number | undefined } {
  const { method, path, query, headers }: HttpRequest = exchange.request;
  const shown = new Headers(headers);
  const authorization = headers.get("authorization");
  if (authorization !== null) shown.set("authorization", authorization.split(" ")[0]!);
  return {
    kind: route.kind,
    method,
    path,
    queryKeys: [...query.keys()],
    headers: shown,
    rawHead: exchange.rawHead.replace(/^(authorization: *\S+).*$/im, "$1"),
    get bodyBytes() {
      return exchange.receivedBytes;
    },
    status: undefined,
  };
}
