import { PusherError } from "../../errors.ts";
import { outputFailed } from "../../runtimes/output_failed.ts";
import type { PartsSink } from "../../transfer/fetch/receive_parts.ts";
import { openPartialFile } from "../../util/partial_file.ts";
import { splitFilePath } from "../../util/file_path.ts";
import { printable } from "../../util/printable.ts";
import { unlessAborted } from "../../util/unless_aborted.ts";
import { assertReplaceable } from "../assert_replaceable.ts";
import type { CommandContext, StandardOutput } from "../command_context.ts";

/** Stands for standard output. */
export const STANDARD_OUTPUT = "-";

/** Chooses the output. */
const OPTION = "--output";

/** Where an archive goes. */
export interface PullOutput {
  /** The file; absent for standard output. */
  readonly path: string | undefined;
  /**
   * Opens it.
   *
   * @param content What will be in it.
   */
  open(content: OutputContent): Promise<OpenOutput>;
}

/** What will be in an archive. */
export interface OutputContent {
  /** Stands for all of it: 16 hexadecimal digits. */
  key: string;
  /** Its size. */
  sizeBytes: number;
  /** How much comes before the first blob. */
  knownBytes: number;
}

/** An archive on its way. Disposing it before it is committed keeps what a later run can go on with. */
export interface OpenOutput extends AsyncDisposable {
  /** Takes what is written. */
  readonly sink: PartsSink;
  /** Gives the archive its name. */
  commit(): Promise<void>;
  /** Whether nobody reads any more. */
  readonly isAbandoned: boolean;
  /** Where an unfinished archive is kept; `undefined` if nothing is. */
  readonly keptPath: string | undefined;
}

/**
 * Checks where an archive is to go; nothing is written yet.
 *
 * @param path A file, or `-` for standard output.
 * @param options Whether to replace what is there.
 * @param context Has standard output, and asks the user.
 * @returns The output.
 * @throws {PusherError} `USAGE` if a person would get the archive; `OUTPUT_EXISTS`, `OUTPUT_FAILED`.
 */
export async function findPullOutput(
  path: string,
  options: { isForced?: boolean | undefined },
  context: CommandContext,
): Promise<PullOutput> {
  const { output, signal } = context;
  if (path === STANDARD_OUTPUT) {
    if (!output) throw isTerminal();
    return { path: undefined, open: () => Promise.resolve(toStream(output, signal)) };
  }
  const existing = await Deno.stat(path).catch(() => undefined);
  if (existing?.isDirectory || splitFilePath(path).name === "") throw namesNoFile(path);
  // Devices and pipes take an archive as it comes: there is nothing to replace.
  if (existing && !existing.isFile) return { path, open: () => openSpecial(path) };
  await assertReplaceable(path, { ...options, option: OPTION }, context);
  return { path, open: (content) => openFile(path, content) };
}

async function openSpecial(path: string): Promise<OpenOutput> {
  const file = await failing(path, Deno.open(path, { write: true }));
  const write = async (bytes: Uint8Array): Promise<void> => {
    for (let offset = 0; offset < bytes.length;) {
      offset += await failing(path, file.write(bytes.subarray(offset)));
    }
  };
  return {
    sink: { readHeld: () => Promise.resolve(0), continueAt: () => Promise.resolve(), write, isFinal: true },
    commit: () => Promise.resolve(),
    isAbandoned: false,
    keptPath: undefined,
    [Symbol.asyncDispose]() {
      file.close();
      return Promise.resolve();
    },
  };
}

function toStream(output: StandardOutput, signal: AbortSignal): OpenOutput {
  let isAbandoned = false;
  return {
    sink: {
      readHeld: () => Promise.resolve(0),
      continueAt: () => Promise.resolve(),
      async write(bytes) {
        // A reader that is behind must not keep the program from stopping.
        isAbandoned = !await unlessAborted(output.write(bytes), signal);
        if (isAbandoned) throw new DOMException("Nobody reads any more", "AbortError");
      },
      isFinal: true,
    },
    commit: () => Promise.resolve(),
    get isAbandoned() {
      return isAbandoned;
    },
    keptPath: undefined,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function openFile(path: string, { sizeBytes, ...content }: OutputContent): Promise<OpenOutput> {
  const file = await failing(path, openPartialFile(splitFilePath(path), content));
  if (!file) throw isBusy(path);
  return {
    sink: {
      readHeld: (into) => failing(path, file.readHeld(into)),
      continueAt: (positionBytes) => failing(path, file.continueAt(positionBytes)),
      write: (bytes) => failing(path, file.write(bytes), sizeBytes),
    },
    commit: () => failing(path, file.commit(), sizeBytes),
    isAbandoned: false,
    get keptPath() {
      return file.isWorthKeeping ? file.path : undefined;
    },
    [Symbol.asyncDispose]: () => file[Symbol.asyncDispose](),
  };
}

async function failing<T>(path: string, work: Promise<T>, expectedBytes?: number): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw outputFailed(path, cause, { expectedBytes, option: OPTION });
  }
}

function isTerminal(): PusherError {
  return new PusherError("USAGE", "Cannot write an archive to a terminal", {
    detail: { option: OPTION },
    hint: "Name a file with -o, or pipe the archive on: docker-image-pusher pull IMAGE -o - | docker load",
  });
}

function namesNoFile(path: string): PusherError {
  const reason = path === "" ? "it names no file" : "it is a directory";
  return new PusherError("OUTPUT_FAILED", `Cannot write "${printable(path)}": ${reason}`, {
    detail: { path },
    hint: path === "" ? "Name a file with -o, for example: -o app.tar." : "Name a file in it with -o.",
  });
}

function isBusy(path: string): PusherError {
  return new PusherError(
    "OUTPUT_FAILED",
    `Cannot write "${printable(path)}": another process is writing it`,
    {
      detail: { path },
      hint: "Wait for it, or name another file with -o.",
    },
  );
}
