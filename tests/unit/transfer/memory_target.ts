import { PusherError } from "../../../lib/errors.ts";
import type { Descriptor } from "../../../lib/spec/descriptor.ts";
import { type Digest, digestOf } from "../../../lib/spec/digest.ts";
import type {
  PushTarget,
  UploadRecord,
  UploadSession,
  VerifiableTarget,
} from "../../../lib/transfer/ports.ts";
import { createSha } from "../../../lib/util/sha256.ts";
import type { StreamBody } from "../../../lib/util/stream_body.ts";

/** A moment at which a test may make something fail: it throws. */
export interface Moment {
  /** What is being done. */
  call:
    | "hasBlob"
    | "findBlob"
    | "startUpload"
    | "append"
    | "recover"
    | "commit"
    | "cancel"
    | "putManifest"
    | "manifestDigest"
    | "getManifest";
  /** Before anything happened, after each chunk of a body, or when all is done but the answer is lost. */
  phase: "before" | "during" | "after";
  /** How often this was done before. */
  nth: number;
  /** Of a body: bytes that have come. */
  receivedBytes: number;
  /** The digest or tag it is about, where there is one. */
  subject: string | undefined;
  /** The session, where there is one. */
  upload: MemoryUpload | undefined;
  /** The body, where there is one. */
  part: StreamBody | undefined;
}

/** A repository in memory that checks what it is sent, as a registry would. */
export class MemoryTarget implements PushTarget {
  readonly name: string;
  readonly registry: string;
  /** What it holds. */
  readonly blobs = new Map<string, Uint8Array>();
  /** Manifests in the order they came, by tag or digest. */
  readonly manifests: { reference: string; bytes: Uint8Array; mediaType: string }[] = [];
  /** What was done, for example `append 0+10`. */
  readonly calls: string[] = [];
  /** Uploads open now, and the most there were at once. */
  open = 0;
  mostOpen = 0;
  /** Repositories that blobs can be mounted from, with what they hold. */
  readonly mountable = new Map<string, Map<string, Uint8Array>>();
  /** Whether it has the referrers API. */
  listsReferrers = true;
  /** Smallest part its sessions ask for. */
  minChunkBytes = 0;
  /** Largest part its sessions take. */
  maxChunkBytes = Infinity;
  /** Makes things fail. */
  script: (moment: Moment) => void | Promise<void> = () => {};
  readonly #counts = new Map<string, number>();
  readonly #uploads = new Map<string, MemoryUpload>();

  /** Sessions in the order they were opened. */
  get uploads(): readonly MemoryUpload[] {
    return [...this.#uploads.values()];
  }

  constructor(name = "r.example/app") {
    this.name = name;
    this.registry = name.slice(0, name.indexOf("/"));
  }

  sibling(repository: string): VerifiableTarget {
    const blobs = this.mountable.get(repository);
    return {
      name: `${this.registry}/${repository}`,
      hasBlob: ({ digest }) =>
        blobs ? Promise.resolve(blobs.has(digest)) : Promise.reject(refusal(403, "DENIED", false)),
      manifestDigest: () => Promise.resolve(undefined),
    };
  }

  async hasBlob({ digest }: Descriptor, signal: AbortSignal): Promise<boolean> {
    const step = this.step("hasBlob", `hasBlob ${digest}`, { subject: digest, signal });
    await step("before");
    const isThere = this.blobs.has(digest);
    await step("after");
    return isThere;
  }

  async findBlob(
    { digest }: Descriptor,
    signal: AbortSignal,
  ): Promise<{ sizeBytes: number | undefined } | undefined> {
    const step = this.step("findBlob", `findBlob ${digest}`, { subject: digest, signal });
    await step("before");
    const bytes = this.blobs.get(digest);
    await step("after");
    return bytes && { sizeBytes: bytes.length };
  }

  async startUpload(
    signal: AbortSignal,
    mount?: { digest: Digest; from: string },
  ): Promise<MemoryUpload | undefined> {
    const text = mount ? `startUpload or mount from ${mount.from}` : "startUpload";
    const step = this.step("startUpload", text, { ...(mount ? { subject: mount.digest } : {}), signal });
    await step("before");
    const mounted = mount && this.mountable.get(mount.from)?.get(mount.digest);
    const upload = mounted ? undefined : new MemoryUpload(this);
    if (mounted) this.blobs.set(mount.digest, mounted);
    if (upload) this.#uploads.set(upload.location, upload);
    await step("after");
    return upload;
  }

  /** Gives the session that the record was made of, if it is still known. */
  resumeUpload(record: UploadRecord): MemoryUpload {
    const upload = this.#uploads.get(record.location) ?? new MemoryUpload(this);
    upload.isKnown &&= this.#uploads.has(record.location);
    upload.offsetBytes = record.offsetBytes;
    return upload;
  }

  async manifestDigest(reference: string, signal: AbortSignal): Promise<string | undefined> {
    const step = this.step("manifestDigest", `manifestDigest ${reference}`, { subject: reference, signal });
    await step("before");
    const tagged = this.manifests.findLast((each) => each.reference === reference);
    const digests = await Promise.all(this.manifests.map(({ bytes }) => digestOf(bytes)));
    await step("after");
    return tagged ? await digestOf(tagged.bytes) : digests.find((digest) => digest === reference);
  }

  async putManifest(
    manifest: Descriptor,
    bytes: Uint8Array,
    tag: string | undefined,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const reference = tag ?? manifest.digest;
    const step = this.step("putManifest", `putManifest ${reference}`, { subject: reference, signal });
    await step("before");
    this.manifests.push({ reference, bytes, mediaType: manifest.mediaType });
    await step("after");
    return this.listsReferrers ? JSON.parse(new TextDecoder().decode(bytes)).subject?.digest : undefined;
  }

  async getManifest(reference: string, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const step = this.step("getManifest", `getManifest ${reference}`, { subject: reference, signal });
    await step("before");
    const found = this.manifests.findLast((each) => each.reference === reference);
    await step("after");
    return found?.bytes;
  }

  /** Starts a call: gives what to await at each of its moments. */
  step(
    call: Moment["call"],
    text: string,
    about: { subject?: string; upload?: MemoryUpload; part?: StreamBody | undefined; signal: AbortSignal },
  ): (phase: Moment["phase"], receivedBytes?: number) => Promise<void> {
    const nth = this.#counts.get(call) ?? 0;
    this.#counts.set(call, nth + 1);
    this.calls.push(text);
    const { subject, upload, part, signal } = about;
    return async (phase, receivedBytes = 0) => {
      signal.throwIfAborted();
      await this.script({ call, phase, nth, receivedBytes, subject, upload, part });
      signal.throwIfAborted();
    };
  }
}

/** An upload session of a {@linkcode MemoryTarget}. */
export class MemoryUpload implements UploadSession {
  offsetBytes = 0;
  readonly location = `memory:${crypto.randomUUID()}`;
  /** What has arrived. */
  held: number[] = [];
  /** Whether the target still knows it. */
  isKnown = true;
  readonly #target: MemoryTarget;

  constructor(target: MemoryTarget) {
    this.#target = target;
  }

  get minChunkBytes(): number {
    return this.#target.minChunkBytes;
  }

  get maxChunkBytes(): number {
    return this.#target.maxChunkBytes;
  }

  async append(part: StreamBody, signal: AbortSignal): Promise<void> {
    const text = `append ${this.offsetBytes}+${part.sizeBytes}`;
    const step = this.#target.step("append", text, { upload: this, part, signal });
    await step("before");
    this.#requireKnown();
    if (this.offsetBytes !== this.held.length) throw refusal(416, "RANGE_INVALID", true);
    await this.#receive(part, step);
    await step("after");
    this.offsetBytes = this.held.length;
  }

  async recover(maxBytes: number, signal: AbortSignal): Promise<boolean> {
    const step = this.#target.step("recover", `recover ${maxBytes}`, { upload: this, signal });
    await step("before");
    const canGoOn = this.isKnown && this.held.length >= this.offsetBytes && this.held.length <= maxBytes;
    if (canGoOn) this.offsetBytes = this.held.length;
    return canGoOn;
  }

  async commit(digest: Digest, signal: AbortSignal, rest?: StreamBody): Promise<void> {
    const text = rest ? `commit with ${rest.sizeBytes}` : "commit";
    const step = this.#target.step("commit", text, { subject: digest, upload: this, part: rest, signal });
    await step("before");
    this.#requireKnown();
    if (rest) await this.#receive(rest, step);
    const bytes = Uint8Array.from(this.held);
    const algorithm = digest.startsWith("sha512:") ? "sha512" : "sha256";
    const hash = await createSha(algorithm);
    hash.update(bytes);
    if (`${algorithm}:${hash.hex()}` !== digest) throw refusal(400, "DIGEST_INVALID", false);
    this.#target.blobs.set(digest, bytes);
    this.isKnown = false;
    await step("after");
  }

  async cancel(signal: AbortSignal): Promise<void> {
    const step = this.#target.step("cancel", "cancel", { upload: this, signal });
    await step("before");
    this.isKnown = false;
  }

  async #receive(
    part: StreamBody,
    step: (phase: "during", receivedBytes: number) => Promise<void>,
  ): Promise<void> {
    this.#target.mostOpen = Math.max(this.#target.mostOpen, ++this.#target.open);
    const reader = part.open().getReader();
    let receivedBytes = 0;
    try {
      for (let next = await reader.read(); !next.done; next = await reader.read()) {
        this.held.push(...next.value);
        receivedBytes += next.value.length;
        await step("during", receivedBytes);
      }
    } finally {
      this.#target.open--;
      await reader.cancel().catch(() => {});
    }
    if (receivedBytes !== part.sizeBytes) {
      throw new Error(`A body of ${receivedBytes} bytes, not ${part.sizeBytes}`);
    }
  }

  #requireKnown(): void {
    if (!this.isKnown) throw refusal(404, "BLOB_UPLOAD_UNKNOWN", true);
  }
}

/** What a broken connection looks like. */
export function broken(): PusherError {
  return new PusherError("NETWORK", 'Cannot reach "r.example": the connection broke', {
    detail: { registry: "r.example", request: "PATCH /v2/app" },
    retryable: true,
  });
}

/** What a refusal looks like. */
export function refusal(
  status: number,
  code: string,
  retryable: boolean,
  unknownDigests: readonly string[] = [],
): PusherError {
  return new PusherError("REGISTRY_REJECTED", `Cannot upload: the registry answered ${status} ${code}`, {
    detail: { registry: "r.example", request: "PUT /v2/app", status, errorCodes: [code], unknownDigests },
    retryable,
  });
}
