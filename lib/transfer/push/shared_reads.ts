import type { Descriptor } from "../../spec/descriptor.ts";
import type { Digest } from "../../spec/digest.ts";
import type { Clock } from "../../util/clock.ts";
import type { RateLimiter } from "../../util/rate_limiter.ts";
import { type DigestCheck, startDigestCheck } from "../hash/digest_check.ts";
import { FanOut } from "./fan_out.ts";
import type { HashEffort } from "../hash/hash_effort.ts";
import type { BlobSource } from "../ports.ts";
import type { UploadContent } from "../upload/upload_content.ts";
import { VerifiedContent } from "../hash/verified_content.ts";

/** How {@linkcode SharedReads} works. */
export interface SharedReadsOptions {
  /** Time. */
  clock: Clock;
  /** Who decides in which thread is hashed. */
  effort: HashEffort;
  /** Caps the rate of everything that is read to be sent. */
  limiter?: RateLimiter | undefined;
}

/** One blob that one reader has claimed; disposing it tells the others that this reader is done with it. */
export interface BlobClaim extends Disposable {
  /**
   * Starts to read.
   *
   * @param signal Ends waits.
   * @param onBytes Told of every piece that goes out.
   * @returns The content; nothing was read yet.
   */
  open(signal: AbortSignal, onBytes: (sizeBytes: number) => void): Promise<UploadContent>;
}

interface SharedBlob {
  /** Readers that have yet to claim it, or have claimed it. */
  readers: Set<string>;
  claims: number;
  fanOut: FanOut | undefined;
  check: Promise<DigestCheck> | undefined;
}

/**
 * Knows who will read what in this run, so that a blob that goes to several registries is read once. Readers are
 * registries: each works through its blobs on its own, in the same order as the others.
 */
export class SharedReads {
  #options: SharedReadsOptions;
  #blobs = new Map<BlobSource, Map<Digest, SharedBlob>>();
  /** Readers that the others do not wait for. */
  #late = new Set<string>();

  /**
   * Starts with nothing expected.
   *
   * @param options Time and rate.
   */
  constructor(options: SharedReadsOptions) {
    this.#options = options;
  }

  /**
   * Announces what a reader will read.
   *
   * @param reader Who.
   * @param source Where from.
   * @param blobs What.
   */
  expect(reader: string, source: BlobSource, blobs: readonly Descriptor[]): void {
    const shared = this.#blobs.get(source) ?? new Map<Digest, SharedBlob>();
    this.#blobs.set(source, shared);
    for (const { digest } of blobs) {
      const blob = shared.get(digest) ??
        { readers: new Set(), claims: 0, fanOut: undefined, check: undefined };
      shared.set(digest, blob);
      blob.readers.add(reader);
    }
  }

  /**
   * Takes a blob on for a reader. Whether it will be read at all may still be open: others wait for this reader until
   * it reads, or disposes of the claim.
   *
   * @param reader Who.
   * @param source Where from.
   * @param blob What.
   * @returns The claim.
   */
  claim(reader: string, source: BlobSource, blob: Descriptor): BlobClaim {
    const { clock, effort, limiter } = this.#options;
    this.expect(reader, source, [blob]);
    const shared = this.#blobs.get(source)!.get(blob.digest)!;
    shared.claims++;
    if (shared.readers.size > 1) {
      shared.fanOut ??= new FanOut({
        source,
        blob,
        expected: shared.readers,
        late: this.#late,
        bufferBytes: limiter?.pieceBytes,
        clock,
      });
    }
    const share = shared.fanOut && { fanOut: shared.fanOut, reader };
    return {
      async open(signal, onBytes) {
        const check = await (shared.check ??= startDigestCheck(blob, { source, effort }));
        return new VerifiedContent(blob, { source, check, share, limiter, signal, onBytes });
      },
      [Symbol.dispose]() {
        shared.readers.delete(reader);
        shared.fanOut?.leave(reader);
        if (--shared.claims > 0) return;
        shared.fanOut?.[Symbol.dispose]();
        shared.fanOut = undefined;
        shared.check?.then((check) => check[Symbol.dispose](), () => {});
        shared.check = undefined;
      },
    };
  }

  /**
   * Takes note that a reader will claim nothing more.
   *
   * @param reader Who.
   */
  leave(reader: string): void {
    for (const blobs of this.#blobs.values()) {
      for (const { readers, fanOut } of blobs.values()) {
        readers.delete(reader);
        fanOut?.leave(reader);
      }
    }
  }
}
