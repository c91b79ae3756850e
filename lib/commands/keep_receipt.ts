import { PusherError } from "../errors.ts";
import { createAtomicFile } from "../util/atomic_file.ts";
import { splitFilePath } from "../util/file_path.ts";
import { printable } from "../util/printable.ts";
import { safeJson } from "../util/safe_json.ts";
import { isDiskFull, systemReason } from "../util/system_reason.ts";
import type { CommandContext } from "./command_context.ts";
import { type Receipt, ReceiptBook, type ReceiptResult } from "./receipt.ts";

/**
 * What to write where.
 *
 * @typeParam T What the command gives.
 */
export interface ReceiptOptions<T> {
  /** The file, replaced if it is there; no receipt is written when absent. */
  path: string | undefined;
  /** Name of the command. */
  command: string;
  /** Finds the images in what the command gives. */
  resultOf: (report: T) => ReceiptResult;
}

/**
 * Runs a command, and writes what came of it to a file, also when it fails or is stopped. That the file can be
 * written is found out before anything else is done. It is readable for its owner only, and gets its name when it
 * is complete.
 *
 * @typeParam T What the command gives.
 * @param work The command, in a context whose events are listened to.
 * @param options Where the receipt goes, and what it is of.
 * @param context Time, and who is told of events.
 * @returns What the command gave.
 * @throws What the command throws; {@linkcode PusherError} `OUTPUT_FAILED` if the receipt cannot be written.
 */
export async function keepReceipt<T>(
  work: (context: CommandContext) => Promise<T>,
  options: ReceiptOptions<T>,
  context: CommandContext,
): Promise<T> {
  const { path, command, resultOf } = options;
  if (path === undefined) return await work(context);
  const { clock, onEvent } = context;
  const { directory, name } = splitFilePath(path);
  await using file = await failing(path, createAtomicFile(directory, name));
  const book = new ReceiptBook(command, clock.now());
  const write = async (receipt: Receipt): Promise<void> => {
    await failing(path, file.write(new TextEncoder().encode(`${safeJson(receipt, { indent: 2 })}\n`)));
    await failing(path, file.commit());
  };
  const told: CommandContext = {
    ...context,
    onEvent: (event) => {
      book.apply(event);
      onEvent(event);
    },
  };
  let report: T;
  try {
    report = await work(told);
  } catch (error) {
    // The failure of the command is what the user has to know; this one comes on top of it.
    await write(book.abandon(error, clock.now()))
      .catch(({ message }) => onEvent({ type: "warning", message }));
    throw error;
  }
  await write(book.close(resultOf(report), clock.now()));
  return report;
}

async function failing<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw new PusherError(
      "OUTPUT_FAILED",
      `Cannot write the receipt "${printable(path)}": ${systemReason(cause)}`,
      {
        detail: { path },
        hint: isDiskFull(cause)
          ? "Free space on that disk, or choose another one with --receipt."
          : "Choose a place you can write to with --receipt.",
        cause,
      },
    );
  }
}
