/** A block of addresses, for example 10.0.0.0/8. */
export interface AddressBlock {
  /** An address in it. */
  address: Uint8Array;
  /** How many bits all its addresses have in common. */
  prefixBits: number;
}

/**
 * Reads an IP address, in any of the forms a URL may have.
 *
 * @param text For example `10.0.0.1`, `::1` or `[::1]`.
 * @returns 4 or 16 bytes, `undefined` if it is none. IPv4 within IPv6 (`::ffff:10.0.0.1`) gives 4.
 */
export function parseAddress(text: string): Uint8Array | undefined {
  if (/^\d+(?:\.\d+){3}$/.test(text)) {
    const bytes = text.split(".").map(Number);
    return bytes.every((byte) => byte <= 255) ? Uint8Array.from(bytes) : undefined;
  }
  const inner = text.replace(/^\[(.*)\]$/, "$1");
  if (!inner.includes(":") || !URL.canParse(`http://[${inner}]/`)) return undefined;
  const bytes = expanded(new URL(`http://[${inner}]/`).hostname.slice(1, -1));
  const isMapped = bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff &&
    bytes[11] === 0xff;
  return isMapped ? bytes.subarray(12) : bytes;
}

/**
 * Reads a block of addresses.
 *
 * @param text For example `10.0.0.0/8` or `fd00::/8`.
 * @returns The block, `undefined` if it is none.
 * @see https://www.rfc-editor.org/rfc/rfc4632#section-3.1
 */
export function parseAddressBlock(text: string): AddressBlock | undefined {
  const [start = "", bits = "", ...rest] = text.split("/");
  const address = parseAddress(start);
  if (!address || rest.length > 0 || !/^\d{1,3}$/.test(bits)) return undefined;
  const prefixBits = Number(bits);
  return prefixBits <= address.length * 8 ? { address, prefixBits } : undefined;
}

/**
 * Whether an address lies in a block.
 *
 * @param address 4 or 16 bytes.
 * @param block The block.
 * @returns Whether it does; never across IPv4 and IPv6.
 */
export function isInBlock(address: Uint8Array, block: AddressBlock): boolean {
  if (address.length !== block.address.length) return false;
  return address.every((byte, at) => {
    const bits = Math.min(Math.max(block.prefixBits - at * 8, 0), 8);
    return byte >> (8 - bits) === block.address[at]! >> (8 - bits);
  });
}

/** The URL parser has left hexadecimal groups, and one `::` at most. */
function expanded(text: string): Uint8Array {
  const [head = "", tail] = text.split("::");
  const groups = (part: string): number[] =>
    part === "" ? [] : part.split(":").map((group) => parseInt(group, 16));
  const before = groups(head);
  const after = groups(tail ?? "");
  const zeros = new Array<number>(8 - before.length - after.length).fill(0);
  return Uint8Array.from([...before, ...zeros, ...after].flatMap((group) => [group >> 8, group & 0xff]));
}
