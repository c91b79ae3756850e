import { ConnectionLost } from "./http_message.ts";
import type { SocketReader } from "./socket_reader.ts";

/** The body of a request on a socket: of a given length, or in chunked transfer encoding. */
export class RequestBody implements AsyncIterable<Uint8Array> {
  /** Bytes of content read so far. */
  receivedBytes = 0;
  readonly #reader: SocketReader;
  readonly #isChunked: boolean;
  /** Called before the first read, when the client waits to be told to continue. */
  #beforeRead: (() => Promise<void>) | undefined;
  /** Content bytes left, of the current chunk if chunked. */
  #leftBytes: number;
  #isDone: boolean;
  #hasChunk = false;

  /**
   * Reads nothing yet.
   *
   * @param reader Positioned behind the head.
   * @param headers Decide how the body ends.
   * @param sendContinue Answers `Expect: 100-continue`.
   */
  constructor(reader: SocketReader, headers: Headers, sendContinue: () => Promise<void>) {
    this.#reader = reader;
    this.#isChunked = headers.get("transfer-encoding")?.toLowerCase() === "chunked";
    this.#leftBytes = this.#isChunked ? 0 : Number(headers.get("content-length") ?? 0);
    this.#isDone = !this.#isChunked && this.#leftBytes === 0;
    if (headers.get("expect")?.toLowerCase() === "100-continue") this.#beforeRead = sendContinue;
  }

  /** Whether all of it was read. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** Goes on where the last reader stopped. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    for (let chunk = await this.#next(); chunk; chunk = await this.#next()) yield chunk;
  }

  /**
   * Reads and forgets.
   *
   * @param maxBytes When to give up.
   * @returns Whether the end was reached.
   */
  async drain(maxBytes: number): Promise<boolean> {
    if (this.#beforeRead && !this.#isDone) return false;
    if (!this.#isChunked && this.#leftBytes > maxBytes) return false;
    const stopBytes = this.receivedBytes + maxBytes;
    while (this.receivedBytes <= stopBytes) if (!(await this.#next())) return true;
    return false;
  }

  async #next(): Promise<Uint8Array | undefined> {
    if (this.#isDone) return undefined;
    await this.#beforeRead?.();
    this.#beforeRead = undefined;
    if (this.#isChunked && this.#leftBytes === 0 && !(await this.#startChunk())) return undefined;
    const bytes = await this.#reader.readSome(this.#leftBytes);
    this.#leftBytes -= bytes.length;
    this.receivedBytes += bytes.length;
    if (!this.#isChunked) this.#isDone = this.#leftBytes === 0;
    return bytes;
  }

  async #startChunk(): Promise<boolean> {
    if (this.#hasChunk) await this.#reader.readLine();
    this.#hasChunk = true;
    this.#leftBytes = parseInt(await this.#reader.readLine(), 16);
    if (Number.isNaN(this.#leftBytes)) throw new ConnectionLost("the chunk size is not a number");
    if (this.#leftBytes > 0) return true;
    while ((await this.#reader.readLine()) !== "") { /* trailers mean nothing here */ }
    this.#isDone = true;
    return false;
  }
}
