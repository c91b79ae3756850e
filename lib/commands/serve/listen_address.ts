import { PusherError } from "../../errors.ts";
import { isInBlock, parseAddress, parseAddressBlock } from "../../registry/connection/ip_address.ts";
import type { ListenAddress } from "../../server/http_service.ts";
import { printable } from "../../util/printable.ts";

/** Nobody else can get there. */
const LOOPBACK_HOST = "127.0.0.1";
const MAX_PORT = 65_535;
const LOOPBACK_BLOCKS = ["127.0.0.0/8", "::1/128"].map((block) => parseAddressBlock(block)!);
const LISTEN_REGEXP = /^(?:(\[[0-9a-fA-F:.]+\]|[^:[\]]*):)?(\d{1,5})$/;

/**
 * Reads where to listen.
 *
 * @param text `host:port`, `[address]:port`, or a port alone, which is on this machine only.
 * @returns Host and port.
 * @throws {PusherError} `USAGE`.
 *
 * @example Usage
 * ```ts
 * import { parseListenAddress } from "./listen_address.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(parseListenAddress("[::1]:5000"), { hostname: "::1", port: 5000 });
 * ```
 */
export function parseListenAddress(text: string): ListenAddress {
  const [, host = LOOPBACK_HOST, port] = LISTEN_REGEXP.exec(text) ?? [];
  if (port === undefined || host === "" || Number(port) > MAX_PORT) {
    throw new PusherError("USAGE", `Cannot listen on "${printable(text)}": it is no address with a port`, {
      detail: { option: "--listen" },
      hint: "Write it like 127.0.0.1:5000, or 0.0.0.0:5000 for every address of this machine.",
    });
  }
  return { hostname: host.replace(/^\[(.*)\]$/, "$1"), port: Number(port) };
}

/**
 * Writes an address as it is used in references and URLs.
 *
 * @param address Host and port.
 * @returns For example `[::1]:5000`.
 */
export function formatListenAddress({ hostname, port }: ListenAddress): string {
  return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}

/**
 * Whether only this machine can get to an address.
 *
 * @param hostname Name or address.
 * @returns Whether it is one of this machine's own.
 */
export function isLoopback(hostname: string): boolean {
  const address = parseAddress(hostname);
  return hostname === "localhost" ||
    (address !== undefined && LOOPBACK_BLOCKS.some((block) => isInBlock(address, block)));
}
