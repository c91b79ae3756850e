import { push, type PushOptions } from "../../lib/commands/push/push.ts";
import type { PushReport } from "../../lib/transfer/progress/report.ts";
import { tarBytes, type TarMember } from "./archives.ts";
import { FakeClock } from "./fake_clock.ts";
import { pipedInput } from "./piped_input.ts";
import { makeTempDir } from "./temp_dir.ts";

/**
 * Pushes an archive from this process, without a state that outlives it.
 *
 * @param archive Its path, the members of a tar file, or bytes that come through a pipe.
 * @param options Where to, and how.
 * @returns What was pushed, and what failed.
 */
export async function pushArchive(
  archive: string | readonly TarMember[] | Uint8Array,
  options: Partial<PushOptions>,
): Promise<PushReport> {
  await using temp = await makeTempDir();
  const input = archive instanceof Uint8Array ? pipedInput(archive) : undefined;
  const path = input ? "-" : typeof archive === "string" ? archive : temp.join("image.tar");
  if (Array.isArray(archive)) await Deno.writeFile(path, tarBytes(archive));
  return await push({ archives: [path], stateDir: temp.join("state"), ...options }, {
    input,
    signal: new AbortController().signal,
    clock: new FakeClock({ autoAdvance: true }),
    random: () => 0.5,
    env: () => undefined,
    onEvent: () => {},
  });
}
