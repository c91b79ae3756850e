import { type CheckedArchive, verifyArchives } from "../../lib/commands/verify/verify_archives.ts";
import {
  type TargetsReport,
  type VerifyOptions,
  verifyTargets,
} from "../../lib/commands/verify/verify_targets.ts";
import type { TransferEvent } from "../../lib/transfer/events.ts";
import { pipedInput } from "./piped_input.ts";
import { makeTempDir } from "./temp_dir.ts";
import { makeTestContext } from "./test_context.ts";

/**
 * Verifies an archive by itself, in this process.
 *
 * @param path Its path.
 * @returns What was found.
 */
export async function checkArchive(path: string): Promise<CheckedArchive> {
  const { archives: [archive] } = await verifyArchives({ archives: [path] }, makeTestContext());
  return archive!;
}

/**
 * Verifies an archive that is piped in.
 *
 * @param bytes The archive.
 * @returns What was found.
 */
export async function checkPiped(bytes: Uint8Array): Promise<CheckedArchive> {
  const { archives: [archive] } = await verifyArchives({ archives: ["-"] }, {
    ...makeTestContext(),
    input: pipedInput(bytes),
  });
  return archive!;
}

/**
 * Compares archives with registries, in this process and without time passing.
 *
 * @param options What is to be where.
 * @returns What was found, and told.
 */
export async function compareWith(
  options: VerifyOptions,
): Promise<TargetsReport & { events: readonly TransferEvent[] }> {
  await using temp = await makeTempDir();
  const context = makeTestContext();
  const report = await verifyTargets({ stateDir: temp.path, ...options }, context);
  return { ...report, events: context.events };
}
