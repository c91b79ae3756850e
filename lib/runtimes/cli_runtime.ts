import { PusherError } from "../errors.ts";
import { DocumentError } from "../spec/documents.ts";
import { printable } from "../util/printable.ts";
import type { CommandRunner } from "./command_runner.ts";
import type { ContainerRuntime, ImageStream, RuntimeName } from "./container_runtime.ts";
import { drainStdout } from "./drain_stdout.ts";
import { parseImageList } from "./image_list.ts";
import { type LocalImage, parseImageArgument } from "./local_image.ts";
import { runtimeFailed } from "./runtime_failed.ts";

const MAX_VERSION_BYTES = 4096;
const MAX_LIST_BYTES = 32 * 2 ** 20;
/** A terminal sends Ctrl-C to the runtime too, which may be gone before our own handler has run. */
const EXIT_INTERRUPTED = 130;

/** How a runtime is asked; the version is asked for in a way that fails when its daemon does not answer. */
interface Dialect {
  version: readonly string[];
  list: readonly string[];
  /** Takes one image: podman takes further names for tags of the first. */
  save: readonly string[];
}

const DIALECTS: Readonly<Record<RuntimeName, Dialect>> = {
  docker: {
    version: ["version", "--format", "{{.Server.Version}}"],
    // `--format json` means the same only since 23.0.
    list: ["images", "--format", "{{json .}}"],
    save: ["save"],
  },
  nerdctl: {
    version: ["info", "--format", "{{.ServerVersion}}"],
    list: ["images", "--format", "{{json .}}"],
    save: ["save"],
  },
  podman: {
    version: ["info", "--format", "{{.Version.Version}}"],
    // A template gives an array in version 4 and single rows in version 5; this is an array in both.
    list: ["images", "--format", "json"],
    save: ["save", "--format", "docker-archive"],
  },
};

/**
 * A runtime behind its command-line program.
 *
 * @param name Which.
 * @param runner Starts the program.
 * @returns The runtime; whether it is there shows when it is asked for its version.
 */
export function createCliRuntime(name: RuntimeName, runner: CommandRunner): ContainerRuntime {
  const dialect = DIALECTS[name];

  async function output(
    action: string,
    args: readonly string[],
    { maxBytes, signal }: { maxBytes: number; signal: AbortSignal },
  ): Promise<Uint8Array> {
    await using command = runner.start([name, ...args], signal);
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    await drainStdout(command.stdout, {
      signal,
      onChunk(bytes) {
        maxBytes -= bytes.length;
        if (maxBytes < 0) throw new DocumentError("it is too long");
        chunks.push(bytes.slice());
        return Promise.resolve();
      },
    });
    const end = await command.ended;
    signal.throwIfAborted();
    if (end.exitCode !== 0) throw runtimeFailed(action, { ...end, runtime: name });
    return new Blob(chunks).bytes();
  }

  return {
    name,
    async version(signal: AbortSignal): Promise<string> {
      const action = `ask ${name} for its version`;
      const bytes = await output(action, dialect.version, { maxBytes: MAX_VERSION_BYTES, signal });
      const version = printable(new TextDecoder().decode(bytes).trim());
      if (version === "") throw runtimeFailed(action, { runtime: name, exitCode: 0, stderr: "" });
      return version;
    },
    async listImages(signal: AbortSignal): Promise<LocalImage[]> {
      const action = "list the local images";
      try {
        return parseImageList(await output(action, dialect.list, { maxBytes: MAX_LIST_BYTES, signal }));
      } catch (error) {
        if (!(error instanceof DocumentError)) throw error;
        const stderr = `its list is not understood: ${printable(error.message)}`;
        throw runtimeFailed(action, { runtime: name, exitCode: 0, stderr });
      }
    },
    openSave(image: string, signal: AbortSignal): ImageStream {
      const argument = parseImageArgument(image);
      const command = runner.start([name, ...dialect.save, argument], signal);
      return {
        stdout: command.stdout,
        async finished() {
          const end = await command.ended;
          signal.throwIfAborted();
          if (end.exitCode === EXIT_INTERRUPTED) throw interrupted(argument);
          if (end.exitCode !== 0) {
            throw runtimeFailed(`save "${argument}"`, { ...end, runtime: name });
          }
        },
        [Symbol.asyncDispose]: () => command[Symbol.asyncDispose](),
      };
    },
  };
}

function interrupted(image: string): PusherError {
  return new PusherError("CANCELED", `Cannot save "${image}": it was interrupted`, {
    detail: { signal: "SIGINT" },
  });
}
