import type { Descriptor } from "./descriptor.ts";

/** A piece of something that is yet to be written: bytes that are known, or the content of a blob. */
export type ContentPart = { bytes: Uint8Array } | { blob: Descriptor };
