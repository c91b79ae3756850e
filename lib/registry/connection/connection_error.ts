import { isPusherError, PusherError } from "../../errors.ts";
import { printable } from "../../util/printable.ts";
import type { Connection } from "./connections.ts";
import type { RegistryRequest } from "../registry_request.ts";
import { tlsError } from "./tls_error.ts";

/** What went wrong, and whether and how it can be mended. */
interface Explanation {
  reason: string;
  hint: string;
  retryable?: boolean;
}

/**
 * Explains why a request got no answer.
 *
 * @param request What was asked.
 * @param error What was thrown.
 * @param connection How it was sent.
 * @returns `NETWORK` or `TLS`; a `PusherError` stays as it is.
 */
export function connectionError(
  request: RegistryRequest,
  error: unknown,
  connection: Connection,
): PusherError {
  if (isPusherError(error)) return error;
  const registry = request.url.host;
  const detail = { registry, request: `${request.method} ${request.url.pathname}` };
  const text = withoutUrl(innermostMessage(connection.failure() ?? error));
  const tls = tlsError({ ...detail, text, settings: connection.settings });
  if (tls) return tls;
  const { reason, hint, retryable = false } = explain(text, connection);
  const by = connection.proxy ? ` by the proxy ${connection.proxy}` : "";
  return new PusherError("NETWORK", `Cannot reach "${registry}"${by}: ${reason}`, {
    detail,
    hint,
    retryable,
    cause: new Error(text),
  });
}

/**
 * Says that a proxy asks who we are.
 *
 * @param request What was asked.
 * @param connection How it was sent.
 * @returns `NETWORK`.
 */
export function proxyRefusal(request: RegistryRequest, connection: Connection): PusherError {
  return connectionError(request, new Error("proxy authentication required"), connection);
}

function explain(text: string, { proxy }: Connection): Explanation {
  if (/proxy authentication required/i.test(text)) {
    return {
      reason: "the proxy wants another user or password",
      hint:
        "Give them in the variable that names the proxy, like http://user:password@proxy.example.com:3128.",
    };
  }
  if (/unsuccessful tunnel/i.test(text)) {
    return {
      reason: "the proxy opens no way to it",
      hint: "Check that the proxy allows this host and port, and the user and password in its variable.",
      retryable: true,
    };
  }
  if (/dns error|failed to lookup|ENOTFOUND/i.test(text)) {
    return {
      reason: proxy ? "the proxy's host name is unknown" : "the host name is unknown",
      hint: "Check the spelling, and the DNS settings of this machine.",
      retryable: /temporary failure/i.test(text),
    };
  }
  if (/^Fetch failed: Requests to port/.test(text)) {
    return {
      reason: "no HTTP client may use its port",
      hint:
        "Give the registry another port: https://fetch.spec.whatwg.org/#port-blocking lists those to avoid.",
    };
  }
  if (/connection refused|ECONNREFUSED/i.test(text)) {
    return {
      reason: "the connection was refused",
      hint: proxy
        ? "Check the variable that names the proxy, and that the proxy is running."
        : "Check the port, and that the registry is running.",
      retryable: true,
    };
  }
  return {
    reason: `the connection broke (${printable(text, 200)})`,
    hint: "Check the link to the registry, and any proxy between.",
    retryable: true,
  };
}

/** The location of an upload is in it, which is secret: what comes behind it says what went wrong. */
function withoutUrl(text: string): string {
  return /\): (?:client error \(\w+\): )?(.+)$/s.exec(text)?.[1] ?? text.replace(/\?\S*/g, "");
}

/** Deno nests the cause of a failed fetch: the innermost says it best. */
function innermostMessage(error: unknown): string {
  let current = error;
  while (current instanceof Error && current.cause instanceof Error) current = current.cause;
  return current instanceof Error ? current.message : String(current);
}
