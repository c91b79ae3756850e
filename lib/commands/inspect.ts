import type { CommandContext } from "./command_context.ts";
import { findInputs } from "./push/find_inputs.ts";
import { inspectImage, type InspectReport } from "./inspect_image.ts";
import { openArchives } from "./push/open_archives.ts";

/** What to inspect. */
export interface InspectOptions {
  /** Path of an archive; `-` is standard input. */
  archive: string;
}

/**
 * Looks into an archive, reading headers and documents only; what can be read only once is read to its end.
 *
 * @param options Which archive.
 * @param context Told of what is odd about the archive.
 * @returns What it holds.
 * @throws {PusherError} `ARCHIVE_NOT_FOUND`, `ARCHIVE_UNSUPPORTED`, `ARCHIVE_CORRUPT`.
 */
export async function inspect(options: InspectOptions, context: CommandContext): Promise<InspectReport> {
  using inputs = await findInputs([options.archive], context);
  using opened = await openArchives([options.archive], { inputs }, context);
  const [archive] = opened.archives;
  const { path, format, sizeBytes, images } = archive!;
  return { path, format, sizeBytes, images: images.map(inspectImage) };
}
