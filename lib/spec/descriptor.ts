import type { Digest } from "./digest.ts";
import type { Platform } from "./platform.ts";

/**
 * Names content by type, digest and size.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md
 */
export interface Descriptor {
  /** What the content is. */
  mediaType: string;
  /** Its digest. */
  digest: Digest;
  /** Its size in bytes. */
  size: number;
  /** Where else it may be had; never asked with credentials. */
  urls?: string[] | undefined;
  /** Free text from the producer; hints only. */
  annotations?: Record<string, string> | undefined;
  /** Of a manifest inside an index: what it runs on. */
  platform?: Platform | undefined;
  /** Of a manifest that is not an image: what it is. */
  artifactType?: string | undefined;
}
