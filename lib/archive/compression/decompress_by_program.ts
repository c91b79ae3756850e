import type { ByteReader } from "../../util/byte_reader.ts";
import { printable } from "../../util/printable.ts";
import { systemReason } from "../../util/system_reason.ts";
import { corruptArchive, unsupportedArchive } from "../archive_error.ts";
import type { Compression, NativeCompression } from "./compression.ts";
import type { CompressedInput, Decompressed } from "./decompress.ts";

/** What is read at a time. */
const BUFFER_BYTES = 64 * 2 ** 10;
/** Most that is kept of what a program says. */
const MAX_MESSAGE_LENGTH = 300;

/** Compressions that a program of the same name undoes. */
type ProgramCompression = Exclude<Compression, NativeCompression>;

/**
 * Decompresses what comes once with a program of the system, which has the name of the compression: there is no
 * decompressor for these in the runtime, and none among the packages that are well kept.
 *
 * @param input What comes.
 * @param program Name of compression and program.
 * @returns What it decompresses to.
 */
export function decompressByProgram(input: CompressedInput, program: ProgramCompression): Decompressed {
  let running: Running | undefined;
  return {
    async read(into) {
      running ??= start(input, program);
      return await running.read(into);
    },
    async [Symbol.asyncDispose]() {
      await running?.stop();
    },
  };
}

interface Running {
  read: ByteReader;
  stop(): Promise<void>;
}

function start(input: CompressedInput, program: ProgramCompression): Running {
  const child = spawn(input.path, program);
  let inputError: unknown;
  const feeding = feed(input.read, child.stdin).catch((error) => {
    inputError = error;
    kill(child);
  });
  const message = new Response(child.stderr).text();
  const output = child.stdout.getReader({ mode: "byob" });
  let buffer = new ArrayBuffer(BUFFER_BYTES);
  return {
    async read(into) {
      const wanted = new Uint8Array(buffer, 0, Math.min(into.length, BUFFER_BYTES));
      const { value, done } = await output.read(wanted);
      if (!done) {
        into.set(value);
        buffer = value.buffer;
        return value.length;
      }
      const { success } = await child.status;
      if (inputError !== undefined) throw inputError;
      if (!success) throw failed(input.path, program, await message);
      return 0;
    },
    async stop() {
      kill(child);
      await output.cancel();
      await Promise.all([child.status, message, Promise.race([feeding, child.status])]);
    },
  };
}

function spawn(path: string, program: ProgramCompression): Deno.ChildProcess {
  try {
    const pipes = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;
    return new Deno.Command(program, { args: ["-dc"], ...pipes }).spawn();
  } catch (error) {
    const isMissing = error instanceof Deno.errors.NotFound;
    const reason = isMissing ? "is not installed" : `cannot be run (${systemReason(error)})`;
    throw unsupportedArchive(path, {
      found: program,
      reason: `it is compressed with ${program}, and the program "${program}" ${reason}`,
      hint: `Install ${program}, or decompress it elsewhere: ${program} -dc FILE > image.tar`,
    });
  }
}

async function feed(read: ByteReader, stdin: WritableStream<Uint8Array>): Promise<void> {
  const writer = stdin.getWriter();
  const buffer = new Uint8Array(BUFFER_BYTES);
  for (let readBytes = 0; (readBytes = await read(buffer)) > 0;) {
    try {
      await writer.write(buffer.subarray(0, readBytes));
    } catch {
      // The program has ended: its exit code says why.
      return;
    }
  }
  await writer.close().catch(() => {});
}

function kill(child: Deno.ChildProcess): void {
  try {
    child.kill();
  } catch {
    // Ended already.
  }
}

function failed(path: string, program: string, message: string): Error {
  const said = printable(message.trim(), MAX_MESSAGE_LENGTH);
  return corruptArchive(path, `it cannot be decompressed${said === "" ? "" : `: ${said}`}`, {
    hint: `Copy it again from where it came from: ${program} finds it damaged or cut off.`,
  });
}
