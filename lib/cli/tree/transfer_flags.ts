/**
 * The flags that say how blobs are sent, which several commands share.
 *
 * @module
 */

import { type Command, Option, type OptionValues } from "@commander-js/extra-typings";
import type { TransferOptions } from "../../commands/push/push_settings.ts";
import { PusherError } from "../../errors.ts";
import { parseByteSize } from "../../util/byte_size.ts";
import { printable } from "../../util/printable.ts";
import { parseRate } from "./parse_rate.ts";
import type { Flags } from "./program.ts";

/** Most blobs on their way at once. */
const MAX_CONCURRENCY = 64;

const MIN_CHUNK_BYTES = 2 ** 20;
const MAX_CHUNK_BYTES = 4 * 2 ** 30;

/** Flags on how blobs are sent, and what is done around it. */
export interface TransferFlags {
  /** Blobs at once. */
  concurrency?: number | undefined;
  /** Bytes in a part. */
  blobChunk?: number | undefined;
  /** Bytes per second. */
  limitRate?: number | undefined;
  /** Whether to go on with what an earlier run has left. */
  resume: boolean;
  /** Whether to send what is there. */
  force?: boolean | undefined;
  /** Whether to ask afterwards. */
  verify?: boolean | undefined;
  /** File for a receipt. */
  receipt?: string | undefined;
  /** Whether to send nothing. */
  dryRun?: boolean | undefined;
}

/**
 * Gives a command the flags on how blobs are sent.
 *
 * @typeParam Args Arguments of the command.
 * @typeParam Options Its options so far.
 * @typeParam GlobalOptions Those of the program.
 * @param command Which.
 * @returns The command.
 */
export function withTransfer<
  Args extends unknown[],
  Options extends OptionValues,
  GlobalOptions extends OptionValues,
>(
  command: Command<Args, Options, GlobalOptions>,
): Command<Args, Options & Flags<TransferFlags>, GlobalOptions> {
  // The parser's types cannot follow options that are added to whatever there is.
  return command
    .optionsGroup("Transfer options:")
    .option(
      "--concurrency <number>",
      `blobs to send at once, 1 to ${MAX_CONCURRENCY} (default: 3)`,
      parseConcurrency,
    )
    .option(
      "--blob-chunk <size>",
      "send large blobs in parts of this size, 1MiB to 4GiB (default: to suit link and registry)",
      parseChunkSize,
    )
    .option(
      "--limit-rate <rate>",
      "send at most this much a second over all uploads, such as 10MB",
      parseRate,
    )
    .option("--no-resume", "start uploads over that an earlier run has left, and remember none")
    .option("--force", "send blobs even if the registry says it has them")
    .option("--verify", "ask the registries afterwards whether they hold everything")
    .option("--receipt <file>", "write to a file what went where, or why not")
    .addOption(
      new Option("--dry-run", "show what would be sent, and send nothing").conflicts("receipt"),
    ) as unknown as Command<Args, Options & Flags<TransferFlags>, GlobalOptions>;
}

/**
 * The flags on how blobs are sent, as commands take them.
 *
 * @param flags All flags.
 * @returns Those.
 */
export function transferOptions(
  flags: TransferFlags,
): TransferOptions & Pick<TransferFlags, "verify" | "receipt"> {
  const { concurrency, blobChunk, limitRate, resume, force, verify, receipt } = flags;
  return {
    concurrency,
    chunkSizeBytes: blobChunk,
    rateBytesPerSecond: limitRate,
    isResuming: resume,
    force,
    verify,
    receipt,
  };
}

/** Blobs at once. */
function parseConcurrency(text: string): number {
  const number = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= MAX_CONCURRENCY) return number;
  throw invalid("--concurrency", text, `a whole number from 1 to ${MAX_CONCURRENCY}`);
}

/** Bytes. */
function parseChunkSize(text: string): number {
  const sizeBytes = parseByteSize(text);
  if (sizeBytes !== undefined && sizeBytes >= MIN_CHUNK_BYTES && sizeBytes <= MAX_CHUNK_BYTES) {
    return sizeBytes;
  }
  throw invalid("--blob-chunk", text, "a size from 1MiB to 4GiB");
}

function invalid(option: string, value: string, wanted: string): PusherError {
  return new PusherError("USAGE", `Cannot use ${option} "${printable(value)}": it is not ${wanted}`, {
    detail: { option },
    hint: `Give ${wanted}, or leave ${option} out.`,
  });
}
