/**
 * The one error class of this project. Every failure a user or a caller can act on is a
 * {@linkcode PusherError} whose `code` says what happened; programmer mistakes stay the
 * built-in `TypeError` and `RangeError`, and an abort keeps the reason of its signal.
 *
 * @module
 */

/** Data that travels with each error code. */
export interface ErrorDetails {
  /** Bad command line, or a question that only a terminal could answer. */
  USAGE: { option?: string };
  /** Not an image reference. */
  REFERENCE_INVALID: { reference: string };
  /** A configuration file of ours, docker's or podman's is not understood. */
  CONFIG_INVALID: { path: string; line?: number };
  /** No such archive, or it may not be read. */
  ARCHIVE_NOT_FOUND: { path: string };
  /** A file that is not an image archive, or one of a kind this tool does not read. */
  ARCHIVE_UNSUPPORTED: { path: string; found: string };
  /** An image archive that is damaged or contradicts itself. */
  ARCHIVE_CORRUPT: { path: string; entry?: string; offsetBytes?: number };
  /** The archive, the runtime or the registry has no such image, or none for such a platform. */
  IMAGE_NOT_FOUND: { name: string; available?: readonly string[] };
  /** None of docker, nerdctl and podman answers. */
  RUNTIME_NOT_FOUND: { tried: readonly string[] };
  /** The runtime ran and failed; `stderr` holds its own words, at most 4 KiB. */
  RUNTIME_FAILED: { runtime: string; exitCode: number; stderr: string };
  /** The output file is already there. */
  OUTPUT_EXISTS: { path: string };
  /** The output could not be written (disk full, denied, no such directory). */
  OUTPUT_FAILED: { path: string };
  /** The registry wants credentials and none were given. */
  AUTH_REQUIRED: { registry: string; repository?: string };
  /** The registry refused the credentials, or what they allow. */
  AUTH_DENIED: { registry: string; repository?: string; status: number };
  /** A credential helper cannot be run, or fails. */
  HELPER_FAILED: { helper: string };
  /** No answer: refused, reset, unknown host. */
  NETWORK: { registry: string; request: string };
  /** The certificate or the TLS handshake failed. */
  TLS: { registry: string; request: string };
  /** No byte moved for too long. */
  TIMEOUT: { registry: string; request: string; timeoutMs: number };
  /** The registry answered no; `errorCodes` are the codes of the distribution spec, `mediaType` what it does not take. */
  REGISTRY_REJECTED: RegistryAnswer & { mediaType?: string };
  /** The host answers, but not as a registry, or lacks a needed ability. */
  REGISTRY_UNSUPPORTED: { registry: string; request: string };
  /** 408, 429 or 5xx; asking later may help. */
  REGISTRY_UNAVAILABLE: RegistryAnswer & { retryAfterMs?: number };
  /** Bytes differ from the digest or size they were promised to have. */
  DIGEST_MISMATCH: { expected: string; actual: string; entry?: string };
  /** A file of the state directory is not what it should be. */
  STATE_CORRUPT: { path: string };
  /** A file of the state directory may not be read, or the disk fails. */
  STATE_UNREADABLE: { path: string };
  /** Another process holds the state directory for too long. */
  STATE_LOCKED: { path: string };
  /** The state directory cannot be written. */
  STATE_UNWRITABLE: { path: string };
  /** Several images or targets, and some failed. */
  PARTIAL: { failures: readonly { target: string; error: Error }[]; succeeded: number };
  /** A bug in this program. */
  INTERNAL: Record<never, never>;
  /** The user stopped it. */
  CANCELED: { signal?: string };
}

/** What a registry said, reduced to what is safe and useful to show. */
export interface RegistryAnswer {
  /** Host, with port if any. */
  registry: string;
  /** Method and path without query, for example `PUT /v2/app/manifests/1`. */
  request: string;
  /** HTTP status. */
  status: number;
  /** Codes of the distribution spec found in the body, for example `MANIFEST_INVALID`. */
  errorCodes: readonly string[];
  /** Digests the registry said it does not know. */
  unknownDigests: readonly string[];
}

/** Every code a {@linkcode PusherError} can carry. */
export type ErrorCode = keyof ErrorDetails;

/** What to say beside the code: see {@linkcode PusherError}. */
export interface PusherErrorOptions<C extends ErrorCode> {
  /** Data for programs; its shape depends on the code. */
  detail: ErrorDetails[C];
  /** An action the user can take, a full sentence. */
  hint?: string;
  /**
   * Whether doing the same again later may succeed.
   *
   * @default {false}
   */
  retryable?: boolean;
  /** The error underneath. */
  cause?: unknown;
}

const BRAND = Symbol.for("docker-image-pusher.PusherError");

/**
 * An expected failure with a code, typed detail and a hint.
 *
 * Messages read *Cannot push "r.example/app:1": the registry answered 403*; the hint is what to do next.
 *
 * @typeParam C The code, which decides the shape of `detail`.
 *
 * @example Tell failures apart by their code
 * ```ts
 * import { isPusherError, PusherError } from "./errors.ts";
 * import assert from "node:assert/strict";
 *
 * const error: unknown = new PusherError("ARCHIVE_NOT_FOUND", 'Cannot open "a.tar": no such file', {
 *   detail: { path: "a.tar" },
 *   hint: "Check the path.",
 * });
 * if (isPusherError(error, "ARCHIVE_NOT_FOUND")) assert.equal(error.detail.path, "a.tar");
 * ```
 */
export class PusherError<C extends ErrorCode = ErrorCode> extends Error {
  /** Always `"PusherError"`. */
  override readonly name = "PusherError";
  /** What happened. */
  readonly code: C;
  /** Data for programs. */
  readonly detail: ErrorDetails[C];
  /** An action the user can take. */
  readonly hint: string | undefined;
  /** Whether doing the same again later may succeed. */
  readonly retryable: boolean;
  /** Marks the class across copies of this module. */
  readonly [BRAND] = true;

  /**
   * Makes an error.
   *
   * @param code What happened.
   * @param message *Cannot X "Y": reason*, without a final period.
   * @param options Detail, hint, cause.
   */
  constructor(code: C, message: string, options: PusherErrorOptions<C>) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.detail = options.detail;
    this.hint = options.hint;
    this.retryable = options.retryable ?? false;
  }
}

/**
 * Whether a caught value is a {@linkcode PusherError}, of a given code if one is named.
 *
 * @typeParam C The code asked for.
 * @param error The caught value.
 * @param code The code it must have; any when absent.
 * @returns Whether it is, narrowing `detail`.
 *
 * @example Usage
 * ```ts
 * import { isPusherError } from "./errors.ts";
 * import assert from "node:assert/strict";
 *
 * assert(!isPusherError(new Error("other")));
 * ```
 */
export function isPusherError<C extends ErrorCode = ErrorCode>(
  error: unknown,
  code?: C,
): error is PusherError<C> {
  return error instanceof Error && BRAND in error &&
    (code === undefined || (error as PusherError).code === code);
}
