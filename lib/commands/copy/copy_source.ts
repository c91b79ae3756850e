import type { Digest } from "../../spec/digest.ts";
import type { Image } from "../../spec/image.ts";
import type { Reference } from "../../spec/reference.ts";
import { fetchAttachments } from "../../transfer/fetch/fetch_attachments.ts";
import { fetchReferrers } from "../../transfer/fetch/fetch_referrers.ts";
import type { BlobSource, CopyOrigin } from "../../transfer/ports.ts";
import { retryTelling } from "../../transfer/retry_telling.ts";
import { DEFAULT_RETRY_POLICY } from "../../util/retry.ts";
import type { CommandContext } from "../command_context.ts";
import { fetchPart, imageNotFound, type PartOptions } from "../pull/fetch_part.ts";

/** What of an image is copied. */
export interface CopyPartOptions extends PartOptions {
  /**
   * What refers to an image goes with it, and so does what cosign keeps for it.
   *
   * @default {false}
   */
  referrers?: boolean | undefined;
}

/** An image, or something that belongs to one, with the name it has. */
export interface NamedImage {
  /** Its name at the source. */
  name: Reference;
  /** Its manifests. */
  image: Image;
}

/** What a {@linkcode CopySource} reads. */
export interface CopySourceParts {
  /** The repository. */
  origin: CopyOrigin;
  /** Gives its blobs. */
  blobs: BlobSource;
  /** All its tags, if they are known. */
  tags: ReadonlySet<string> | undefined;
  /** Is told, and stops it. */
  context: CommandContext;
}

/** The repository that images are copied from. */
export class CopySource {
  /** Gives its blobs. */
  readonly blobs: BlobSource;
  #parts: CopySourceParts;

  /** @param parts Where, and what is known of it. */
  constructor(parts: CopySourceParts) {
    this.blobs = parts.blobs;
    this.#parts = parts;
  }

  /** Name of the repository. */
  get name(): string {
    return this.#parts.origin.name;
  }

  /**
   * Asks what a name stands for.
   *
   * @param name Name of an image.
   * @returns The digest.
   * @throws {PusherError} `IMAGE_NOT_FOUND`.
   */
  async resolve(name: Reference): Promise<Digest> {
    const { origin, context } = this.#parts;
    const retries = { policy: DEFAULT_RETRY_POLICY, ...context };
    const { digest, tag } = name;
    const found = digest ??
      await retryTelling(() => origin.manifestDigest(tag!, context.signal), origin.name, retries);
    if (!found) throw imageNotFound(name);
    return found;
  }

  /**
   * Reads the manifest or index of an image, and nothing below it: enough for another tag in the same repository.
   *
   * @param name Name of the image; a digest decides.
   * @returns The image.
   * @throws {PusherError} `IMAGE_NOT_FOUND`.
   */
  async readRoot(name: Reference): Promise<NamedImage> {
    const { origin, context } = this.#parts;
    const retries = { policy: DEFAULT_RETRY_POLICY, ...context };
    const asked = name.digest ?? name.tag!;
    const found = await retryTelling(() => origin.readManifest(asked, context.signal), origin.name, retries);
    if (!found) throw imageNotFound(name);
    return { name, image: { names: [name], root: { ...found, blobs: [], children: [] } } };
  }

  /**
   * Reads all manifests of an image that are copied, and of what belongs to it.
   *
   * @param name Name of the image; a digest decides.
   * @param options What is copied of it.
   * @returns What belongs to the image and has a tag of its own, then the image.
   * @throws {PusherError} As `fetchPart` and `fetchReferrers`.
   */
  async read(name: Reference, options: CopyPartOptions): Promise<NamedImage[]> {
    const { origin, tags, context } = this.#parts;
    const { platforms = ["all"], referrers: hasReferrers } = options;
    const { root } = await fetchPart(origin, name, { ...options, platforms, verb: "copied" }, context);
    if (!hasReferrers) return [{ name, image: { names: [name], root } }];
    const retries = { policy: DEFAULT_RETRY_POLICY, ...context };
    const attachments = await fetchAttachments(root, origin, { ...retries, tags });
    const referrers = await fetchReferrers(root, origin, retries);
    return [
      ...attachments.map(({ tag, root }) => ({
        name: { ...name, tag, digest: undefined },
        image: { names: [], root },
      })),
      { name, image: { names: [name], root, referrers } },
    ];
  }
}
