import { ConnectionLost } from "./http_message.ts";

const BUFFER_BYTES = 256 * 1024;
const HEAD_END = new TextEncoder().encode("\r\n\r\n");

/** Reads HTTP/1.1 heads, lines and bodies from a socket through one reused buffer. */
export class SocketReader {
  readonly #conn: Deno.Conn;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  #start = 0;
  #end = 0;

  /**
   * Reads nothing yet.
   *
   * @param conn The socket.
   */
  constructor(conn: Deno.Conn) {
    this.#conn = conn;
  }

  /**
   * Reads the head of a request.
   *
   * @returns Everything up to the blank line, or `undefined` if the client has no more requests. What cannot become
   * a head is given as it is, at once: a client that tries TLS waits for an answer to its first message.
   * @throws {ConnectionLost} If it ends in the middle or is larger than the buffer.
   */
  async readHead(): Promise<string | undefined> {
    if (this.#start === this.#end && !(await this.#fill())) return undefined;
    const isMethod = this.#buffer[this.#start]! >= 0x41;
    if (!isMethod) return latin1(this.#buffer.subarray(this.#start, this.#end));
    return this.#readThrough(HEAD_END);
  }

  /**
   * Reads a line that ends in CRLF.
   *
   * @returns The line without its end.
   * @throws {ConnectionLost} If it ends in the middle or is larger than the buffer.
   */
  readLine(): Promise<string> {
    return this.#readThrough(HEAD_END.subarray(0, 2));
  }

  /**
   * Reads what is there, waiting for at least one byte.
   *
   * @param maxBytes The most to take.
   * @returns A view that is valid until the next call.
   * @throws {ConnectionLost} If the client is gone.
   */
  async readSome(maxBytes: number): Promise<Uint8Array> {
    if (this.#start === this.#end && !(await this.#fill())) throw new ConnectionLost("the body was cut");
    const some = this.#buffer.subarray(this.#start, Math.min(this.#end, this.#start + maxBytes));
    this.#start += some.length;
    return some;
  }

  async #readThrough(end: Uint8Array): Promise<string> {
    for (;;) {
      const at = indexOf(this.#buffer.subarray(this.#start, this.#end), end);
      if (at >= 0) {
        const text = latin1(this.#buffer.subarray(this.#start, this.#start + at));
        this.#start += at + end.length;
        return text;
      }
      if (!(await this.#fill())) throw new ConnectionLost("the head was cut");
    }
  }

  async #fill(): Promise<boolean> {
    this.#buffer.copyWithin(0, this.#start, this.#end);
    this.#end -= this.#start;
    this.#start = 0;
    if (this.#end === this.#buffer.length) throw new ConnectionLost("the head is too large");
    const count = await this.#conn.read(this.#buffer.subarray(this.#end)).catch((cause) => {
      throw new ConnectionLost("the socket failed", { cause });
    });
    this.#end += count ?? 0;
    return count !== null;
  }
}

function indexOf(bytes: Uint8Array, wanted: Uint8Array): number {
  for (let at = bytes.indexOf(wanted[0]!); at >= 0; at = bytes.indexOf(wanted[0]!, at + 1)) {
    if (wanted.every((byte, offset) => bytes[at + offset] === byte)) return at;
  }
  return -1;
}

function latin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
