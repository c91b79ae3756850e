import { PusherError } from "../../errors.ts";
import type { Descriptor } from "../../spec/descriptor.ts";
import { algorithmOf, type Digest } from "../../spec/digest.ts";
import { DocumentError, type ImageConfig, MAX_DOCUMENT_BYTES } from "../../spec/documents.ts";
import type { ManifestNode } from "../../spec/image.ts";
import {
  isImageConfig,
  parseConfigAs,
  parseIndexAs,
  parseManifestAs,
} from "../../spec/manifest_documents.ts";
import { isIndexType, isManifestType } from "../../spec/media_type.ts";
import { printable } from "../../util/printable.ts";
import { createSha } from "../../util/sha256.ts";
import { DigestCheck } from "../hash/digest_check.ts";
import { downloadBlob, wrongContent } from "./download_blob.ts";
import { isMissing } from "./is_missing.ts";
import { HostLimiter } from "../upload/host_limiter.ts";
import type { ImageOrigin } from "../ports.ts";
import { retryTelling, type TellingContext } from "../retry_telling.ts";

/** Documents that are asked for at once. */
const CONCURRENCY = 4;
/** Indexes within indexes; real ones have one level, or two. */
const MAX_INDEX_DEPTH = 8;
/** Most manifests and configs of one image; real ones have some dozens. */
const MAX_DOCUMENTS = 2_000;
/** Most bytes of these; all of them are kept in memory. */
const MAX_TOTAL_BYTES = 32 * 2 ** 20;

/** What to fetch of an image, and how. */
export interface FetchOptions extends TellingContext {
  /**
   * Whether something that an index lists is wanted.
   *
   * @default {all of it is}
   */
  wants?: ((child: Descriptor) => boolean) | undefined;
  /**
   * Whether what the registry lacks below the image's own manifest is absent from what is fetched.
   *
   * @default {it is an error}
   */
  mayLack?: boolean | undefined;
}

/** An image with everything that is known before a layer is read. */
export interface FetchedImage {
  /** Its manifest or index, and what is wanted of all below; what is not wanted, or may lack and does, is absent. */
  root: ManifestNode;
  /** The exact bytes of configs, by digest. */
  configs: ReadonlyMap<Digest, Uint8Array>;
}

/**
 * Fetches the manifests of an image, and the configs of those that are images. What a tag stands for is asked once.
 *
 * @param origin Where it is.
 * @param reference Tag or digest.
 * @param options What is wanted, retries, time.
 * @returns The image; `undefined` if there is none.
 * @throws {PusherError} `DIGEST_MISMATCH` if something is not what its digest says, `REGISTRY_UNSUPPORTED` if it is no
 * image, or beyond measure.
 */
export async function fetchImage(
  origin: ImageOrigin,
  reference: string,
  options: FetchOptions,
): Promise<FetchedImage | undefined> {
  const found = await retryTelling(
    () => origin.readManifest(reference, options.signal),
    origin.name,
    options,
  );
  return found && await new ImageFetch(origin, options).fetch(found);
}

/** One image on its way: what its documents share. */
class ImageFetch {
  #origin: ImageOrigin;
  #options: FetchOptions;
  #limiter: HostLimiter;
  #stop = new AbortController();
  #configs = new Map<Digest, Uint8Array>();
  #documents = 0;
  #totalBytes = 0;

  constructor(origin: ImageOrigin, options: FetchOptions) {
    this.#origin = origin;
    this.#options = { ...options, signal: AbortSignal.any([options.signal, this.#stop.signal]) };
    this.#limiter = new HostLimiter(CONCURRENCY, options.clock);
  }

  async fetch(found: Pick<ManifestNode, "descriptor" | "bytes">): Promise<FetchedImage> {
    this.#count(found.bytes);
    return { root: await this.#node(found, 0), configs: this.#configs };
  }

  async #node(
    { descriptor, bytes }: Pick<ManifestNode, "descriptor" | "bytes">,
    depth: number,
  ): Promise<ManifestNode> {
    if (!isIndexType(descriptor.mediaType)) return await this.#manifest(descriptor, bytes);
    if (depth > MAX_INDEX_DEPTH) {
      throw this.#unusable(descriptor, `its indexes are nested more than ${MAX_INDEX_DEPTH} deep`);
    }
    const { manifests, subject, artifactType } = this.#parse(
      descriptor,
      () => parseIndexAs(descriptor, bytes),
    );
    const listed = [...new Map(manifests.map((child) => [child.digest, child])).values()];
    const { wants = () => true } = this.#options;
    const isWanted = (child: Descriptor): boolean =>
      (isIndexType(child.mediaType) || isManifestType(child.mediaType)) && wants(child);
    const found = await this.#all(listed.filter(isWanted).map((child) => this.#child(child, depth + 1)));
    const children = found.filter((child) => child !== undefined);
    const held = new Set(children.map((child) => child.descriptor.digest));
    const absent = listed.filter((child) => !held.has(child.digest));
    return { descriptor: typed(descriptor, artifactType), bytes, blobs: [], children, absent, subject };
  }

  async #child(descriptor: Descriptor, depth: number): Promise<ManifestNode | undefined> {
    const { digest, size } = descriptor;
    const found = await this.#inTurn(() =>
      retryTelling(
        () => this.#origin.readManifest(digest, this.#options.signal),
        this.#origin.name,
        this.#options,
      )
    );
    if (!found && this.#options.mayLack) return undefined;
    if (!found) throw this.#unusable(descriptor, "the registry lacks it, although an index lists it");
    if (found.bytes.length !== size) {
      throw this.#unusable(descriptor, `it does not have the ${size} bytes that an index says`);
    }
    this.#count(found.bytes);
    return await this.#node({ descriptor, bytes: found.bytes }, depth);
  }

  async #manifest(descriptor: Descriptor, bytes: Uint8Array): Promise<ManifestNode> {
    const { config, layers, subject, artifactType } = this.#parse(
      descriptor,
      () => parseManifestAs(descriptor, bytes),
    );
    return {
      descriptor: typed(descriptor, artifactType),
      bytes,
      blobs: [config, ...layers],
      children: [],
      config: await this.#config(config),
      subject,
    };
  }

  async #config(blob: Descriptor): Promise<ImageConfig | undefined> {
    if (!isImageConfig(blob)) return undefined;
    if (blob.size > MAX_DOCUMENT_BYTES) throw this.#unusable(blob, "this config is too large");
    const bytes = this.#configs.get(blob.digest) ?? await this.#inTurn(() => this.#downloadIfThere(blob));
    if (!bytes) return undefined;
    this.#configs.set(blob.digest, bytes);
    return parseConfigAs(blob, bytes);
  }

  async #downloadIfThere(blob: Descriptor): Promise<Uint8Array | undefined> {
    try {
      return await this.#download(blob);
    } catch (error) {
      if (this.#options.mayLack && isMissing(error)) return undefined;
      throw error;
    }
  }

  async #download(blob: Descriptor): Promise<Uint8Array> {
    const bytes = new Uint8Array(blob.size);
    const hash = await createSha(algorithmOf(blob.digest));
    using check = new DigestCheck(blob, hash, wrongContent(this.#origin));
    let positionBytes = 0;
    for await (const chunk of downloadBlob(blob, this.#origin, { ...this.#options, check })) {
      bytes.set(chunk, positionBytes);
      positionBytes += chunk.length;
    }
    await this.#origin.settleBlob?.(blob, true);
    this.#count(bytes);
    return bytes;
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    using _permit = await this.#limiter.acquire(this.#options.signal);
    return await work();
  }

  /** One that fails stops the others. */
  async #all<T>(work: readonly Promise<T>[]): Promise<T[]> {
    try {
      return await Promise.all(work);
    } catch (error) {
      this.#stop.abort(error);
      await Promise.allSettled(work);
      throw error;
    }
  }

  #count({ length }: Uint8Array): void {
    this.#documents++;
    this.#totalBytes += length;
    if (this.#documents <= MAX_DOCUMENTS && this.#totalBytes <= MAX_TOTAL_BYTES) return;
    throw new PusherError(
      "REGISTRY_UNSUPPORTED",
      `Cannot read an image of "${this.#origin.name}": it has too many manifests`,
      {
        detail: { registry: this.#origin.name, request: "GET manifests" },
        hint: "Choose some of its platforms with --platform.",
      },
    );
  }

  #parse<T>(descriptor: Descriptor, parse: () => T): T {
    try {
      return parse();
    } catch (error) {
      throw error instanceof DocumentError ? this.#unusable(descriptor, error.message) : error;
    }
  }

  #unusable({ digest }: Descriptor, reason: string): PusherError {
    const { name } = this.#origin;
    return new PusherError("REGISTRY_UNSUPPORTED", `Cannot use "${name}@${digest}": ${printable(reason)}`, {
      detail: { registry: name, request: `GET manifest ${digest}` },
      hint: "Push the image there again, with all that it consists of.",
    });
  }
}

/** What names an artifact does not always say of what type it is. */
function typed(descriptor: Descriptor, artifactType: string | undefined): Descriptor {
  return artifactType === undefined ? descriptor : { ...descriptor, artifactType };
}
