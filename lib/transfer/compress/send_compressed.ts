import { isPusherError, type PusherError } from "../../errors.ts";
import { compressedType } from "../../spec/compress_layers.ts";
import type { Descriptor } from "../../spec/descriptor.ts";
import type { Digest } from "../../spec/digest.ts";
import { BufferPool } from "../../util/buffer_pool.ts";
import type { CompressionMethod } from "../../util/compressor_pool.ts";
import type { CompressedSource } from "./compressed_source.ts";
import type { EventSink } from "../events.ts";
import { passBlob, passingPartBytes } from "../pass/pass_blob.ts";
import type { FoundBlob } from "../pass/passing_window.ts";
import type { PushTarget } from "../ports.ts";
import type { PushRun } from "../push/push_run.ts";

/** Layers at once: while the end of one is confirmed by registries, the next is compressed on all processors. */
const CONCURRENCY = 2;

/** A plain layer that is to be sent compressed. */
export interface PlainLayer {
  /** What it is. */
  layer: Descriptor;
  /** Compresses it. */
  source: CompressedSource;
  /** Repositories that need it; it is sent to one of each registry, and the others mount it from there. */
  targets: readonly PushTarget[];
}

/** How {@linkcode sendCompressed} works. */
export interface SendCompressedOptions {
  /** What is sent is part of it. */
  run: PushRun;
  /** How layers are compressed. */
  method: CompressionMethod;
  /** Size of the parts a layer is sent in. */
  chunkSizeBytes?: number | undefined;
  /** Told of each layer as soon as it is known what it becomes. */
  onCompressed: (layer: Descriptor, compressed: FoundBlob) => Promise<void>;
  /** Told of everything that happens. */
  onEvent: EventSink;
}

/** What came of layers. */
export interface CompressedOutcome {
  /** What layers are now, by digest of the plain layer. */
  compressed: ReadonlyMap<Digest, FoundBlob>;
  /** Why layers could not be read, by digest of the plain layer. */
  broken: ReadonlyMap<Digest, PusherError>;
  /** Why repositories take nothing from this user, by name. */
  denied: ReadonlyMap<string, PusherError>;
}

/**
 * Compresses layers and sends them while they are compressed, each once for all registries. A layer that did not get
 * through is compressed all the same: what it becomes is known then, so that it can be pushed like any other.
 *
 * @param layers What goes where.
 * @param options Limits and events.
 * @returns What became of the layers.
 * @throws The signal's reason when aborted.
 */
export async function sendCompressed(
  layers: readonly PlainLayer[],
  options: SendCompressedOptions,
): Promise<CompressedOutcome> {
  const sender = new CompressedSender(options);
  const waiting = layers.values();
  const failure = new AbortController();
  const signal = AbortSignal.any([options.run.signal, failure.signal]);
  // Whatever ends one of them ends the others, and all have ended then.
  await Promise.allSettled(Array.from({ length: CONCURRENCY }, async () => {
    try {
      for (const layer of waiting) await sender.send(layer, signal);
    } catch (error) {
      failure.abort(error);
    }
  }));
  signal.throwIfAborted();
  return sender;
}

class CompressedSender implements CompressedOutcome {
  readonly compressed = new Map<Digest, FoundBlob>();
  readonly broken = new Map<Digest, PusherError>();
  readonly denied = new Map<string, PusherError>();
  #options: SendCompressedOptions;
  #buffers = new BufferPool();
  /** Repositories that failed: no layer is sent there any more before all are compressed. */
  #failed = new Set<string>();

  constructor(options: SendCompressedOptions) {
    this.#options = options;
  }

  async send({ layer, source, targets }: PlainLayer, signal: AbortSignal): Promise<void> {
    const { run, method, onEvent, onCompressed } = this.#options;
    signal.throwIfAborted();
    if (targets.every(({ name }) => this.denied.has(name))) return;
    const { digest, size: sizeBytes } = layer;
    const mediaType = compressedType(layer.mediaType, method.format) ?? layer.mediaType;
    onEvent({ type: "compress:start", digest, sizeBytes });
    await using chunks = source.compress(
      layer,
      (deltaBytes) => onEvent({ type: "compress:bytes", digest, deltaBytes }),
    );
    let failure: unknown;
    const read = (into: Uint8Array): Promise<number> =>
      chunks.read(into).catch((error) => {
        failure = error;
        throw error;
      });
    try {
      const found = await passBlob({ mediaType, name: digest }, read, {
        run,
        targets: this.#oneOfEach(targets),
        source: source.identityOf(layer),
        buffers: this.#buffers,
        partBytes: passingPartBytes(this.#options),
        signal,
        onFailure: (target, error) => {
          if (!failure) this.#onFailure(target, error);
          return true;
        },
      });
      this.compressed.set(digest, found);
      onEvent({ type: "compress:done", digest, sizeBytes, found: found.digest, compressedBytes: found.size });
      await onCompressed(layer, found);
    } catch (error) {
      onEvent({ type: "compress:failed", digest });
      signal.throwIfAborted();
      if (!isPusherError(error)) throw error;
      this.broken.set(digest, error);
    }
  }

  #oneOfEach(targets: readonly PushTarget[]): PushTarget[] {
    const usable = targets.filter(({ name }) => !this.#failed.has(name)).reverse();
    return [...new Map(usable.map((target) => [target.registry, target])).values()];
  }

  #onFailure({ name }: PushTarget, error: PusherError): void {
    this.#failed.add(name);
    const isDenied = isPusherError(error, "AUTH_REQUIRED") || isPusherError(error, "AUTH_DENIED");
    if (isDenied) this.denied.set(name, error);
  }
}
