import type { Descriptor } from "../../../lib/spec/descriptor.ts";
import { sha256Digest } from "../../../lib/spec/digest.ts";
import { MEDIA_TYPE } from "../../../lib/spec/media_type.ts";
import type {
  BlobSource,
  PushTarget,
  UploadRecord,
  UploadSession,
  VerifiableTarget,
} from "../../../lib/transfer/ports.ts";
import type { StreamBody } from "../../../lib/util/stream_body.ts";

/** What a session of a {@linkcode DryTarget} is asked. */
export type DryCall =
  | { call: "start" }
  | { call: "append"; offsetBytes: number; sizeBytes: number; isWhole: boolean }
  | { call: "recover"; offsetBytes: number }
  | { call: "commit"; sizeBytes: number | undefined };

/** A target that reads no body, for blobs of any size: it says yes unless its answer throws. */
export class DryTarget implements PushTarget {
  readonly name: string;
  readonly registry: string;
  /** What was asked, in order. */
  readonly calls: DryCall[] = [];
  /** Throws to refuse; gives what `recover` says. */
  answer: (call: DryCall, nth: number) => boolean | void = () => {};

  constructor(registry = "r.example") {
    this.registry = registry;
    this.name = `${registry}/app`;
  }

  hasBlob(): Promise<boolean> {
    return Promise.resolve(false);
  }

  findBlob(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  sibling(): VerifiableTarget {
    return this;
  }

  manifestDigest(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  putManifest(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  getManifest(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  startUpload(): Promise<UploadSession> {
    return this.#asked({ call: "start" }).then(() => this.#session(0));
  }

  resumeUpload({ offsetBytes }: UploadRecord): UploadSession {
    return this.#session(offsetBytes);
  }

  #session(startBytes: number): UploadSession {
    let offsetBytes = startBytes;
    const asked = this.#asked.bind(this);
    return {
      get offsetBytes() {
        return offsetBytes;
      },
      location: "https://r.example/u",
      minChunkBytes: 0,
      maxChunkBytes: Infinity,
      async append({ sizeBytes }: StreamBody, _signal: AbortSignal, isWhole = false) {
        await asked({ call: "append", offsetBytes, sizeBytes, isWhole });
        offsetBytes += sizeBytes;
      },
      recover: () => asked({ call: "recover", offsetBytes }),
      async commit(_digest: string, _signal: AbortSignal, rest?: StreamBody) {
        await asked({ call: "commit", sizeBytes: rest?.sizeBytes });
      },
      cancel: () => Promise.resolve(),
    };
  }

  /** Notes the call; `true` unless the answer says or throws otherwise. */
  // deno-lint-ignore require-await
  async #asked(call: DryCall): Promise<boolean> {
    const nth = this.calls.filter((earlier) => earlier.call === call.call).length;
    this.calls.push(call);
    return this.answer(call, nth) ?? true;
  }
}

/** A source whose content nobody asks for. */
export const UNREAD_SOURCE: BlobSource = {
  identityOf: () => "unread",
  openBlob(): never {
    throw new Error("nobody should read this");
  },
};

/**
 * Names a blob that is nowhere.
 *
 * @param size Its size.
 * @returns What names it.
 */
export function dryBlob(size: number): Descriptor {
  return { mediaType: MEDIA_TYPE.ociLayer, digest: sha256Digest("ab".repeat(32)), size };
}
