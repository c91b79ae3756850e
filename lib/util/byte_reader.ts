/** Gives bytes that come once: fills a buffer as far as there is something, and says how far; 0 at the end. */
export type ByteReader = (into: Uint8Array) => Promise<number>;
