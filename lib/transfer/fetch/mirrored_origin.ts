import { isPusherError, type PusherError } from "../../errors.ts";
import type { Descriptor } from "../../spec/descriptor.ts";
import type { ManifestNode } from "../../spec/image.ts";
import type { Digest } from "../../spec/digest.ts";
import type { CopyOrigin, ImageOrigin } from "../ports.ts";
import { isMissing } from "./is_missing.ts";

/** What a {@linkcode MirroredOrigin} needs. */
export interface MirroredOriginOptions {
  /** Its name, for people and events. */
  name: string;
  /** Where the same is asked for first, in this order. */
  mirrors: readonly ImageOrigin[];
  /** Connects to the repository itself; not called as long as the mirrors have everything. */
  connect: () => Promise<CopyOrigin>;
  /** Told why a mirror is asked no more. */
  onWarning: (message: string) => void;
}

/**
 * A repository that is read from its mirrors as far as they have what is asked for, and from itself otherwise. A mirror
 * that fails is asked no more. Nothing has to be believed: what is read is verified by whoever reads it.
 */
export class MirroredOrigin implements CopyOrigin {
  #options: MirroredOriginOptions;
  #mirrors: ImageOrigin[];

  /**
   * Connects to nothing yet.
   *
   * @param options The mirrors, and what they mirror.
   */
  constructor(options: MirroredOriginOptions) {
    this.#options = options;
    this.#mirrors = [...options.mirrors];
  }

  /** For people and events. */
  get name(): string {
    return this.#options.name;
  }

  /**
   * Reads a manifest from the first that has it.
   *
   * @param reference Tag or digest.
   * @param signal Ends the request.
   * @returns What it is; `undefined` if there is none.
   */
  async readManifest(
    reference: string,
    signal: AbortSignal,
  ): Promise<Pick<ManifestNode, "descriptor" | "bytes"> | undefined> {
    const found = await this.#ask((mirror) => mirror.readManifest(reference, signal), signal);
    return found ?? await (await this.#options.connect()).readManifest(reference, signal);
  }

  /**
   * Opens the content of a blob at the first that has it.
   *
   * @param blob Which.
   * @param offsetBytes The first byte wanted.
   * @param signal Ends the request and the stream.
   * @returns The bytes from there.
   */
  async readBlob(
    blob: Descriptor,
    offsetBytes: number,
    signal: AbortSignal,
  ): Promise<ReadableStream<Uint8Array>> {
    const found = await this.#ask((mirror) => mirror.readBlob(blob, offsetBytes, signal), signal);
    return found ?? await (await this.#options.connect()).readBlob(blob, offsetBytes, signal);
  }

  /**
   * Finds out which manifest a tag stands for, at the first that has it.
   *
   * @param reference Tag or digest.
   * @param signal Ends the request.
   * @returns Its digest; `undefined` if there is none.
   */
  async manifestDigest(reference: string, signal: AbortSignal): Promise<Digest | undefined> {
    const found = await this.#ask((mirror) => mirror.readManifest(reference, signal), signal);
    return found?.descriptor.digest ??
      await (await this.#options.connect()).manifestDigest(reference, signal);
  }

  /**
   * Lists the tags of the repository itself: what a mirror lists need not be all.
   *
   * @param signal Ends the requests.
   * @returns All tags; `undefined` if there is no such repository.
   */
  async listTags(signal: AbortSignal): Promise<string[] | undefined> {
    return await (await this.#options.connect()).listTags(signal);
  }

  /**
   * Lists what refers to a manifest at the repository itself.
   *
   * @param subject Digest of the manifest.
   * @param signal Ends the requests.
   * @returns What refers to it; `undefined` if the registry keeps no such lists.
   */
  async listReferrers(subject: Digest, signal: AbortSignal): Promise<Descriptor[] | undefined> {
    return await (await this.#options.connect()).listReferrers(subject, signal);
  }

  async #ask<T>(
    read: (mirror: ImageOrigin) => Promise<T | undefined>,
    signal: AbortSignal,
  ): Promise<T | undefined> {
    for (const mirror of this.#mirrors) {
      try {
        const found = await read(mirror);
        if (found !== undefined) return found;
      } catch (error) {
        signal.throwIfAborted();
        if (!isPusherError(error)) throw error;
        // A mirror need not have everything.
        if (!isMissing(error)) this.#giveUp(mirror, error);
      }
    }
    return undefined;
  }

  #giveUp(mirror: ImageOrigin, { message }: PusherError): void {
    this.#mirrors = this.#mirrors.filter((other) => other !== mirror);
    this.#options.onWarning(`The mirror ${mirror.name} is not asked any more: ${message}`);
  }
}
