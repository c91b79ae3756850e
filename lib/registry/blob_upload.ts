import { isPusherError, PusherError } from "../errors.ts";
import type { Digest } from "../spec/digest.ts";
import { MEDIA_TYPE } from "../spec/media_type.ts";
import type { StreamBody } from "../util/stream_body.ts";
import { registryError, type RequestPurpose } from "./registry_error.ts";
import { discard, type RegistryRequest } from "./registry_request.ts";
import type { RegistrySession } from "./registry_session.ts";
import { uploadLocation, withDigest } from "./upload_location.ts";

/** The registry may hash or copy the whole blob before it answers a commit. */
const COMMIT_TIMEOUT_MS = 15 * 60_000;

/** Codes by which registries say that a session is gone or out of step: the blob starts over. */
const LOST_SESSION_CODES: ReadonlySet<string> = new Set([
  "BLOB_UPLOAD_UNKNOWN",
  "BLOB_UPLOAD_INVALID",
  "RANGE_INVALID",
]);

/** State of an upload, enough to go on with it later and elsewhere. */
export interface UploadState {
  /** Newest Location. */
  location: URL;
  /** Bytes the registry has confirmed. */
  offsetBytes: number;
  /** From `OCI-Chunk-Min-Length`; 0 when absent. */
  minChunkBytes: number;
  /** From `OCI-Chunk-Max-Length`; `Infinity` when absent. */
  maxChunkBytes: number;
}

/** What a {@linkcode BlobUpload} belongs to. */
export interface UploadOwner {
  /** The registry. */
  session: RegistrySession;
  /** Token scopes of its requests. */
  scopes: readonly string[];
  /** The repository, for errors. */
  repository: string;
}

/**
 * One blob on its way, by the distribution spec's upload session: POST, then PATCH for each part, then PUT.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-blobs
 */
export class BlobUpload {
  #owner: UploadOwner;
  #state: UploadState;

  /**
   * Goes on with a session.
   *
   * @param owner Registry and repository.
   * @param state A fresh session's, or a remembered one's.
   */
  constructor(owner: UploadOwner, state: UploadState) {
    this.#owner = owner;
    this.#state = state;
  }

  /** Bytes the registry has confirmed. */
  get offsetBytes(): number {
    return this.#state.offsetBytes;
  }

  /** Where the next request goes; secret. */
  get location(): string {
    return this.#state.location.href;
  }

  /** Smallest part the registry takes, except for the last. */
  get minChunkBytes(): number {
    return this.#state.minChunkBytes;
  }

  /** Largest part the registry takes. */
  get maxChunkBytes(): number {
    return this.#state.maxChunkBytes;
  }

  /**
   * Appends a part with a PATCH.
   *
   * @param part The next bytes.
   * @param signal Ends the request.
   * @param isWhole Whether it is the whole blob, sent without a range as classic docker does.
   */
  async append(part: StreamBody, signal: AbortSignal, isWhole = false): Promise<void> {
    const start = this.#state.offsetBytes;
    const end = start + part.sizeBytes;
    const headers = isWhole ? OCTET_STREAM : { ...OCTET_STREAM, "content-range": `${start}-${end - 1}` };
    const request = this.#request({
      method: "PATCH",
      url: this.#state.location,
      headers,
      body: part,
      signal,
    });
    const response = await this.#owner.session.exchange(request);
    // 201 is Amazon ECR's, 204 Pulp's.
    if (![202, 201, 204].includes(response.status)) throw await this.#failure(response, request);
    await discard(response);
    this.#adopt(response, request, end);
  }

  /**
   * Asks how much has arrived, after a failure that left it unclear, and adopts the answer if it makes sense.
   *
   * @param maxBytes The most that can have arrived.
   * @param signal Ends the request.
   * @returns Whether the session can go on from {@linkcode offsetBytes}.
   * @throws {PusherError} If it cannot be asked now; it may still be there later.
   */
  async recover(maxBytes: number, signal: AbortSignal): Promise<boolean> {
    const request = this.#request({ method: "GET", url: this.#state.location, signal });
    const response = await this.#owner.session.exchange(request);
    if (response.status !== 204 && response.status !== 200) {
      const error = await this.#failure(response, request);
      if (isPusherError(error, "REGISTRY_UNAVAILABLE")) throw error;
      return false;
    }
    await discard(response);
    const heldBytes = rangeEnd(response.headers.get("range"), this.#state.offsetBytes);
    if (heldBytes === undefined || heldBytes < this.#state.offsetBytes || heldBytes > maxBytes) return false;
    this.#adopt(response, request, heldBytes);
    return true;
  }

  /**
   * Ends the session with a PUT.
   *
   * @param digest Of the whole blob.
   * @param signal Ends the request.
   * @param rest What was not sent yet, if anything.
   */
  async commit(digest: Digest, signal: AbortSignal, rest?: StreamBody): Promise<void> {
    const url = withDigest(this.#state.location, digest);
    const start = this.#state.offsetBytes;
    const range = start > 0 && rest ? { "content-range": `${start}-${start + rest.sizeBytes - 1}` } : {};
    const headers = rest ? { ...OCTET_STREAM, ...range } : {};
    const body = rest && rest.sizeBytes > 0 ? rest : new Uint8Array();
    const request = this.#request({
      method: "PUT",
      url,
      headers,
      body,
      signal,
      answerTimeoutMs: COMMIT_TIMEOUT_MS,
    });
    const response = await this.#owner.session.exchange(request);
    if (![201, 204, 200].includes(response.status)) throw await this.#failure(response, request);
    await discard(response);
    const stored = response.headers.get("docker-content-digest");
    if (stored !== null && stored !== digest) throw this.#mismatch(digest, stored);
  }

  /**
   * Gives the session up. Its failures do not matter: many registries grant no right to it.
   *
   * @param signal Ends the request.
   */
  async cancel(signal: AbortSignal): Promise<void> {
    const request = this.#request({ method: "DELETE", url: this.#state.location, signal });
    try {
      await discard(await this.#owner.session.exchange(request));
    } catch (error) {
      if (!isPusherError(error)) throw error;
    }
  }

  #request(request: Omit<RegistryRequest, "scopes">): RegistryRequest {
    return { ...request, scopes: this.#owner.scopes };
  }

  #adopt(response: Response, request: RegistryRequest, offsetBytes: number): void {
    const location = uploadLocation(response, request, this.#owner.session.baseUrl) ?? this.#state.location;
    this.#state = { ...this.#state, location, offsetBytes };
  }

  async #failure(response: Response, request: RegistryRequest): Promise<PusherError> {
    const error = await registryError(response, request, this.#purpose());
    if (!isPusherError(error, "REGISTRY_REJECTED")) return error;
    const { status, errorCodes } = error.detail;
    const isLost = errorCodes.some((code) => LOST_SESSION_CODES.has(code)) || status === 416 ||
      status === 404 && !errorCodes.includes("NAME_UNKNOWN");
    if (!isLost) return error;
    const { message, detail, hint = "" } = error;
    return new PusherError("REGISTRY_REJECTED", message, { detail, hint, retryable: true });
  }

  #mismatch(digest: Digest, stored: string): PusherError {
    const { registry } = this.#owner.session;
    return new PusherError(
      "DIGEST_MISMATCH",
      `Cannot upload to "${registry}": it stored other bytes than were sent`,
      {
        detail: { expected: digest, actual: stored },
        hint: "Something between here and the registry changes what passes: check proxies.",
      },
    );
  }

  #purpose(): RequestPurpose {
    const { session: { registry, hasCredentials, clock }, repository } = this.#owner;
    return {
      action: `upload to "${registry}/${repository}"`,
      registry,
      repository,
      hasCredentials,
      nowMs: clock.now(),
    };
  }
}

const OCTET_STREAM = { "content-type": MEDIA_TYPE.octetStream } as const;

/**
 * How many bytes a session's `Range` speaks of. `0-0` means none or one: registries say it of a fresh session too,
 * so it counts as what we know ourselves.
 */
function rangeEnd(header: string | null, ownOffsetBytes: number): number | undefined {
  if (header === null) return ownOffsetBytes === 0 ? 0 : undefined;
  const match = /^(?:bytes=)?0-(\d+)$/.exec(header.trim());
  if (!match) return undefined;
  const last = Number(match[1]);
  return last === 0 && ownOffsetBytes === 0 ? 0 : last + 1;
}
