/**
 * What receipts say of verifications.
 *
 * @module
 */

import type { ReceiptFault, ReceiptResult } from "../receipt.ts";
import type { Damage } from "./archive_damage.ts";
import { differenceText } from "./difference_text.ts";
import type { ArchivesReport } from "./verify_archives.ts";
import { damagedArchive, differentImage } from "./verify_errors.ts";
import type { TargetsReport } from "./verify_targets.ts";

/**
 * What a receipt says of a comparison with registries.
 *
 * @param report What they hold.
 * @param isDeep Whether all of it was read.
 * @returns Images that are there, and others with what is wrong.
 */
export function receiptOfTargets({ targets, failures }: TargetsReport, isDeep: boolean): ReceiptResult {
  const different = targets.filter(({ differences }) => differences.length > 0);
  const equal = targets.filter(({ differences }) => differences.length === 0);
  return {
    isDeep,
    images: equal.map(({ reference, digest }) => ({ reference, digest })),
    failures: [
      ...different.map((image) => ({
        reference: image.reference,
        error: differentImage(image),
        faults: image.differences.map((difference) => ({
          ...differenceText(difference),
          expected: difference.digest,
        })),
      })),
      ...failures,
    ],
  };
}

/**
 * What a receipt says of archives that were verified by themselves.
 *
 * @param report What is damaged.
 * @returns Archives that are damaged, under their paths.
 */
export function receiptOfArchives({ archives }: ArchivesReport): ReceiptResult {
  const damaged = archives.filter(({ damage }) => damage.length > 0);
  return {
    isDeep: true,
    images: [],
    failures: damaged.map((archive) => ({
      reference: archive.path,
      error: damagedArchive(archive),
      faults: archive.damage.map(faultOf),
    })),
  };
}

function faultOf({ part, entry, problem, expected }: Damage): ReceiptFault {
  const place = [part, entry].filter((text) => text !== undefined).join(", ");
  return { part: place, problem, ...(expected === undefined ? {} : { expected }) };
}
