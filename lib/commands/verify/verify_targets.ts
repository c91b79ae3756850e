import { isPusherError, type PusherError } from "../../errors.ts";
import { Repository } from "../../registry/repository.ts";
import type { Digest } from "../../spec/digest.ts";
import type { Image } from "../../spec/image.ts";
import { formatReference, type Reference } from "../../spec/reference.ts";
import { fetchImage } from "../../transfer/fetch/fetch_image.ts";
import { transferableBlobs } from "../../transfer/push/push_job.ts";
import { type BlobResult, compareImage, type Comparison } from "../../transfer/verify/compare_image.ts";
import { RateLimiter } from "../../util/rate_limiter.ts";
import { DEFAULT_RETRY_POLICY } from "../../util/retry.ts";
import type { CommandContext } from "../command_context.ts";
import { connectRegistries, type RegistryConnections } from "../connect_registries.ts";
import type { OriginOptions } from "../connect_origins.ts";
import { keepReceipt } from "../keep_receipt.ts";
import { parsePlatforms } from "../parse_platforms.ts";
import { imageNotFound } from "../pull/fetch_part.ts";
import { findInputs } from "../push/find_inputs.ts";
import { openArchives } from "../push/open_archives.ts";
import { decideTargets, type PreparationOptions } from "../push/prepare_push.ts";
import { findPushState } from "../push/push_state.ts";
import { confirmTargets } from "../push/push_targets.ts";
import type { ReceiptResult } from "../receipt.ts";
import { receiptOfTargets } from "./verify_receipts.ts";

/** How closely registries are looked at. */
export interface CompareSettings extends OriginOptions {
  /** Read every manifest and blob, and hash them; otherwise the registry is believed. */
  deep?: boolean | undefined;
  /** Most bytes per second that are read; unlimited when absent. */
  rateBytesPerSecond?: number | undefined;
  /** File that gets a receipt, whatever is found; see `Receipt`. */
  receipt?: string | undefined;
}

/** What should be where. */
export interface VerifyOptions extends Omit<PreparationOptions, "platforms" | "yes">, CompareSettings {
  /** Paths of archives; `-` is standard input. */
  archives: readonly string[];
  /** Only these platforms; all that the archives hold when empty. */
  platforms?: readonly string[] | undefined;
}

/** What registries hold, ready for JSON. */
export interface TargetsReport {
  /** Whether everything is there, and could be looked at. */
  isEqual: boolean;
  /** What was compared. */
  targets: readonly ComparedImage[];
  /** What could not be looked at. */
  failures: readonly CompareFailure[];
  /** From start to end. */
  durationMs: number;
}

/** An image and what its registry holds of it. */
export interface ComparedImage extends Comparison {
  /** `registry/repository:tag`. */
  reference: string;
  /** Digest that it should have. */
  digest: Digest;
}

/** An image that could not be compared. */
export interface CompareFailure {
  /** `registry/repository:tag`. */
  reference: string;
  /** Why. */
  error: PusherError;
}

/** An image, and where it should be. */
interface Expectation {
  image: Image;
  reference: Reference;
}

/**
 * Compares the images of archives with what registries hold, where a push would put them. Nothing is written.
 *
 * @param options What should be where, and how closely to look.
 * @param context Is told, and stops it.
 * @returns What is missing or different.
 * @throws {PusherError} If it cannot be decided where an image should be, or an archive cannot be read.
 */
export async function verifyTargets(options: VerifyOptions, context: CommandContext): Promise<TargetsReport> {
  return await withReceipt((told) => compareTargets(options, told), options, context);
}

async function compareTargets(options: VerifyOptions, context: CommandContext): Promise<TargetsReport> {
  const startMs = context.clock.now();
  using inputs = await findInputs(options.archives, context);
  const state = await findPushState(options.stateDir, context);
  using opened = await openArchives(options.archives, { inputs }, context);
  const ground = { archives: opened.archives, state, pushes: await state.history.list() };
  const wishes = { ...options, platforms: parsePlatforms(options.platforms ?? []), yes: true };
  const chosen = await decideTargets(wishes, ground, { ...context, interaction: undefined });
  await confirmTargets(chosen, wishes, context);
  const references = chosen.map(({ reference }) => reference);
  using connections = await connectRegistries(references, { ...options, store: state.store }, context);
  return await compareAll(chosen, { ...options, connections }, { ...context, startMs });
}

/**
 * Compares an image with itself: whether its registry holds all that it consists of.
 *
 * @param reference The image.
 * @param options How closely to look.
 * @param context Is told, and stops it.
 * @returns What is missing or different.
 * @throws {PusherError} `IMAGE_NOT_FOUND`; and as `fetchImage`.
 */
export async function verifyReference(
  reference: Reference,
  options: CompareSettings,
  context: CommandContext,
): Promise<TargetsReport> {
  return await withReceipt((told) => compareReference(reference, options, told), options, context);
}

async function compareReference(
  reference: Reference,
  options: CompareSettings,
  context: CommandContext,
): Promise<TargetsReport> {
  const startMs = context.clock.now();
  const { store } = await findPushState(options.stateDir, context);
  using connections = await connectRegistries([reference], { ...options, store }, context);
  const session = connections.session(reference);
  if (!session) throw connections.error(reference);
  const origin = new Repository(session, reference.repository, { isReadOnly: true });
  const found = await fetchImage(origin, reference.digest ?? reference.tag!, {
    policy: DEFAULT_RETRY_POLICY,
    ...context,
    mayLack: true,
  });
  if (!found) throw imageNotFound(reference);
  const image = { names: [reference], root: found.root };
  return await compareAll([{ image, reference }], { ...options, connections }, { ...context, startMs });
}

async function withReceipt(
  compare: (told: CommandContext) => Promise<TargetsReport>,
  { receipt: path, deep = false }: CompareSettings,
  context: CommandContext,
): Promise<TargetsReport> {
  const resultOf = (report: TargetsReport): ReceiptResult => receiptOfTargets(report, deep);
  return await keepReceipt(compare, { path, command: "verify", resultOf }, context);
}

async function compareAll(
  expected: readonly Expectation[],
  options: CompareSettings & { connections: RegistryConnections },
  context: CommandContext & { startMs: number },
): Promise<TargetsReport> {
  const { clock, onEvent, startMs } = context;
  const { deep, rateBytesPerSecond, connections } = options;
  const names = expected.map(({ reference }) => formatReference(reference));
  onEvent({ type: "verify:ready", names, ...sumOf(expected) });
  const limiter = rateBytesPerSecond === undefined ? undefined : new RateLimiter(rateBytesPerSecond, clock);
  const checked = new Map<string, BlobResult>();
  const targets: ComparedImage[] = [];
  const failures: CompareFailure[] = [];
  for (const { image, reference } of expected) {
    const name = formatReference(reference);
    try {
      const session = connections.session(reference);
      if (!session) throw connections.error(reference);
      const target = new Repository(session, reference.repository, { isReadOnly: true });
      const comparison = await compareImage(image, {
        policy: DEFAULT_RETRY_POLICY,
        ...context,
        target,
        reader: deep ? target : undefined,
        tag: reference.tag,
        checked,
        limiter,
      });
      targets.push({ reference: name, digest: image.root.descriptor.digest, ...comparison });
    } catch (error) {
      if (!isPusherError(error) || error.code === "CANCELED") throw error;
      failures.push({ reference: name, error });
    }
  }
  const isEqual = failures.length === 0 && targets.every(({ differences }) => differences.length === 0);
  return { isEqual, targets, failures, durationMs: clock.now() - startMs };
}

/** Repositories are asked for a blob once. */
function sumOf(expected: readonly Expectation[]): { blobs: number; sizeBytes: number } {
  const sizes = new Map<string, number>();
  for (const { image, reference: { registry, repository } } of expected) {
    for (const { digest, size } of transferableBlobs(image)) {
      sizes.set(`${registry}/${repository} ${digest}`, size);
    }
  }
  return { blobs: sizes.size, sizeBytes: sizes.values().reduce((sum, size) => sum + size, 0) };
}
