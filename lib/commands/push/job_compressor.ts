import type { FileConsumer } from "../../archive/read_piped_archive.ts";
import { plainLayers } from "../../spec/compress_layers.ts";
import type { Descriptor } from "../../spec/descriptor.ts";
import type { Digest } from "../../spec/digest.ts";
import type { Image } from "../../spec/image.ts";
import { CompressedLayers } from "../../state/compressed_layers.ts";
import type { StateOptions } from "../../state/state_document.ts";
import { CompressedSource } from "../../transfer/compress/compressed_source.ts";
import type { EventSink } from "../../transfer/events.ts";
import { PassingCompressor } from "../../transfer/pass/passing_compressor.ts";
import type { PassingPush } from "../../transfer/pass/passing_push.ts";
import type { FoundBlob } from "../../transfer/pass/passing_window.ts";
import type { BlobSource } from "../../transfer/ports.ts";
import { jobReference, type PushJob } from "../../transfer/push/push_job.ts";
import type { PushRun } from "../../transfer/push/push_run.ts";
import type { Compression, PushFailure } from "../../transfer/progress/report.ts";
import { type PlainLayer, sendCompressed } from "../../transfer/compress/send_compressed.ts";
import type { CompressionMethod } from "../../util/compressor_pool.ts";
import { CompressorPool } from "../../util/compressor_pool.ts";
import { compressImage } from "./compress_image.ts";
import { isPlainLayer } from "./is_plain_layer.ts";

/** How layers are compressed and sent. */
export interface JobCompressorOptions extends StateOptions {
  /** Format and level. */
  method: CompressionMethod;
  /** Size of the parts they are sent in; chosen when absent. */
  chunkSizeBytes?: number | undefined;
  /** Told of everything that happens. */
  onEvent: EventSink;
}

/** Jobs whose images have compressed layers. */
export interface CompressedJobs {
  /** What goes where now. */
  jobs: readonly PushJob[];
  /** What cannot be pushed. */
  failures: readonly PushFailure[];
  /** What was done for it. */
  compression: Compression;
}

/** Jobs as far as they can be told without compressing anything. */
export interface ForeseenJobs {
  /** What goes where; images with pending layers are as they were. */
  jobs: readonly PushJob[];
  /** Plain layers that would be compressed. */
  pending: ReadonlySet<Digest>;
}

/** A job, and the layers of it that are to be compressed. */
interface PlainJob {
  job: PushJob;
  layers: readonly Descriptor[];
  source: CompressedSource;
}

/** Makes of jobs such whose images have compressed layers; threads that did the work end when it is disposed. */
export class JobCompressor implements Disposable {
  #options: JobCompressorOptions;
  #pool = new CompressorPool();
  #memory: CompressedLayers;
  /** Compresses what passes once, if anything does. */
  #passing: PassingCompressor | undefined;
  /** What has passed as it was. */
  #unchanged = new Set<Digest>();

  /**
   * Starts nothing yet.
   *
   * @param stateDir Where it is remembered what layers become.
   * @param options How they are compressed.
   */
  constructor(stateDir: string, options: JobCompressorOptions) {
    const { format, level } = options.method;
    this.#options = options;
    // Another version of the runtime may compress in another way.
    const method = `${format}:${level} deno ${Deno.version.deno}`;
    this.#memory = new CompressedLayers(stateDir, { ...options, method });
  }

  /**
   * Compresses plain layers that pass once.
   *
   * @param passing Sends what comes of it.
   * @returns Takes what passes.
   */
  async consumerFor(passing: PassingPush): Promise<FileConsumer> {
    const compressor = this.#passing = new PassingCompressor(passing, {
      ...this.#options,
      pool: this.#pool,
      known: await this.#memory.list(),
      onCompressed: (digest, compressed) => this.#memory.add(digest, compressed),
    });
    return async (file, read) => {
      if (file.isTar) return await compressor.pass(file, read);
      const found = await passing.pass(file, read);
      this.#unchanged.add(found.digest);
      return found;
    };
  }

  /**
   * Compresses the plain layers of images and sends them on the way, except those of which it is remembered what they
   * become: what registries do not have of these is compressed when it is pushed.
   *
   * @param jobs What goes where.
   * @param run What is sent is part of it.
   * @returns What is to be pushed then.
   * @throws The run's reason when aborted.
   */
  async compress(jobs: readonly PushJob[], run: PushRun): Promise<CompressedJobs> {
    const known = new Map([...await this.#memory.list(), ...this.#passing?.compressed ?? []]);
    const plainJobs = await this.#findPlain(jobs);
    const unknown = unknownLayers(plainJobs, known);
    const { onEvent } = this.#options;
    onEvent({ type: "pass:start", targets: [...new Set(jobs.map(({ target }) => target.name))] });
    const { compressed, broken, denied } = await sendCompressed(unknown, {
      ...this.#options,
      run,
      onCompressed: ({ digest }, found) => this.#memory.add(digest, found),
    });
    const failures: PushFailure[] = [];
    const ready: PlainJob[] = [];
    for (const plainJob of plainJobs) {
      const { job: { target }, layers } = plainJob;
      const error = denied.get(target.name) ?? layers.map(({ digest }) => broken.get(digest)).find(Boolean);
      if (error) failures.push({ reference: jobReference(plainJob.job), error });
      else ready.push(plainJob);
    }
    const passed = this.#passing?.compression ?? { plainBytes: 0, compressedBytes: 0 };
    const done = unknown.filter(({ layer }) => compressed.has(layer.digest));
    return {
      jobs: await this.#compressImages(ready, new Map([...known, ...compressed])),
      failures,
      compression: {
        plainBytes: done.reduce((sum, { layer }) => sum + layer.size, passed.plainBytes),
        compressedBytes: [...compressed.values()].reduce(
          (sum, { size }) => sum + size,
          passed.compressedBytes,
        ),
      },
    };
  }

  /**
   * Finds out what compressing would do, without doing it.
   *
   * @param jobs What goes where.
   * @returns What would be pushed, and what would have to be compressed for it.
   */
  async foresee(jobs: readonly PushJob[]): Promise<ForeseenJobs> {
    const known = await this.#memory.list();
    const plainJobs = await this.#findPlain(jobs);
    const pending = new Set(unknownLayers(plainJobs, known).map(({ layer }) => layer.digest));
    const isPending = ({ layers }: PlainJob): boolean => layers.some(({ digest }) => pending.has(digest));
    const foreseen = await this.#compressImages(plainJobs.filter((plainJob) => !isPending(plainJob)), known);
    return {
      jobs: plainJobs.map((plainJob) => isPending(plainJob) ? plainJob.job : foreseen.shift()!),
      pending,
    };
  }

  /** Ends the threads. */
  [Symbol.dispose](): void {
    this.#pool[Symbol.dispose]();
  }

  async #findPlain(jobs: readonly PushJob[]): Promise<PlainJob[]> {
    const { method } = this.#options;
    const sources = new Map<BlobSource, CompressedSource>();
    const plainJobs: PlainJob[] = [];
    for (const job of jobs) {
      const source = sources.get(job.source) ??
        new CompressedSource(job.source, { method, pool: this.#pool });
      sources.set(job.source, source);
      const layers: Descriptor[] = [];
      for (const layer of plainLayers(job.image.root)) {
        if (await this.#isPlain(job, layer)) layers.push(layer);
      }
      plainJobs.push({ job, layers, source });
    }
    return plainJobs;
  }

  async #isPlain({ source }: PushJob, layer: Descriptor): Promise<boolean> {
    if (this.#passing?.compressed.has(layer.digest)) return true;
    return !this.#unchanged.has(layer.digest) && await isPlainLayer(source, layer);
  }

  /** An image that goes to several targets is the same everywhere. */
  async #compressImages(
    jobs: readonly PlainJob[],
    compressed: ReadonlyMap<Digest, FoundBlob>,
  ): Promise<PushJob[]> {
    const { method, onEvent } = this.#options;
    const images = new Map<Image, Image>();
    for (const { job, layers, source } of jobs) {
      const becomes = new Map(layers.map((layer) => [layer.digest, compressed.get(layer.digest)!]));
      for (const layer of layers) source.add(layer, becomes.get(layer.digest)!);
      if (images.has(job.image)) continue;
      const { image, notice } = await compressImage(job.image, becomes, method.format);
      onEvent({ type: "notice", message: notice });
      images.set(job.image, image);
    }
    return jobs.map(({ job, source }) => ({ ...job, source, image: images.get(job.image)! }));
  }
}

/** Each once, with everybody who needs it. */
function unknownLayers(jobs: readonly PlainJob[], known: ReadonlyMap<Digest, FoundBlob>): PlainLayer[] {
  const unknown = new Map<Digest, PlainLayer>();
  for (const { job: { target }, layers, source } of jobs) {
    for (const layer of layers.filter(({ digest }) => !known.has(digest))) {
      const { targets } = unknown.get(layer.digest) ?? { targets: [] };
      unknown.set(layer.digest, { layer, source, targets: [...targets, target] });
    }
  }
  return [...unknown.values()];
}
