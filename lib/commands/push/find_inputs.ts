import { findInput, type InputSource, STANDARD_INPUT } from "../../archive/archive_input.ts";
import { PusherError } from "../../errors.ts";
import type { CommandContext } from "../command_context.ts";

/** Archives that are read once; disposing it closes them, also while they are read. */
export interface Inputs extends Disposable {
  /** By path; archives that can be read anywhere are not among them. */
  readonly sources: ReadonlyMap<string, InputSource>;
}

/**
 * Finds out which archives have to be read from their start to their end: `-`, other pipes, compressed files. Nothing
 * of standard input is read.
 *
 * @param paths Paths of archives.
 * @param context Has standard input.
 * @returns What is to be read once.
 * @throws {PusherError} `USAGE` if standard input is a terminal or named twice; `ARCHIVE_NOT_FOUND` if a file may not
 * be read.
 */
export async function findInputs(paths: readonly string[], context: CommandContext): Promise<Inputs> {
  using resources = new DisposableStack();
  const sources = new Map<string, InputSource>();
  for (const [at, path] of paths.entries()) {
    if (path === STANDARD_INPUT && paths.indexOf(path) !== at) {
      throw unusable("it is named twice, but can be read only once");
    }
    const source = path === STANDARD_INPUT ? standardInput(context) : await findInput(path);
    if (!source) continue;
    resources.defer(() => source.close());
    sources.set(path, source);
  }
  const open = resources.move();
  return { sources, [Symbol.dispose]: () => open.dispose() };
}

function standardInput({ input }: CommandContext): InputSource {
  if (!input) throw unusable("it is a terminal");
  return { path: STANDARD_INPUT, read: (into) => input.read(into), close: () => input.close() };
}

function unusable(reason: string): PusherError {
  return new PusherError("USAGE", `Cannot read an archive from standard input: ${reason}`, {
    detail: {},
    hint: "Pipe one archive in, for example: docker save IMAGE | docker-image-pusher push - -t TARGET",
  });
}
