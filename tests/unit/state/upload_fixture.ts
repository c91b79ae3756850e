import type { Descriptor } from "../../../lib/spec/descriptor.ts";
import { sha256Digest } from "../../../lib/spec/digest.ts";
import { UploadJournal } from "../../../lib/state/upload_journal.ts";
import type * as ports from "../../../lib/transfer/ports.ts";
import { type Clock, systemClock } from "../../../lib/util/clock.ts";

/** A blob that is on its way in these tests. */
export const BLOB: Descriptor = {
  mediaType: "application/vnd.oci.image.layer.v1.tar",
  digest: sha256Digest("b".repeat(64)),
  size: 1_000_000,
};

/** Where it goes. */
export const TARGET = "registry.example/team/app";

/** What it is read from. */
export const SOURCE = "/home/ann/app.tar 1001472 1767225600000";

/** The name of its files in the journal: the SHA-256 of target and digest. */
export const KEY = "3772a1f5f7afb26d5b05de6e925b65576809381545f9e514738544c785231bc0";

/**
 * A position of the upload.
 *
 * @param offsetBytes Bytes that are durable.
 * @returns The position.
 */
export function position(offsetBytes: number): ports.UploadRecord {
  return {
    location: "https://registry.example/uploads/1?_state=secret",
    offsetBytes,
    minChunkBytes: 5_242_880,
    maxChunkBytes: 20_971_520,
  };
}

/**
 * A journal as the transfer sees it.
 *
 * @param directory The state directory.
 * @param clock Time.
 * @returns The journal and what it said.
 */
export function createJournal(
  directory: string,
  clock: Clock = systemClock,
): { journal: ports.UploadJournal; warnings: string[]; notices: string[] } {
  const warnings: string[] = [];
  const notices: string[] = [];
  const journal = new UploadJournal(directory, {
    clock,
    onWarning: (message) => warnings.push(message),
    onNotice: (message) => notices.push(message),
  });
  return { journal, warnings, notices };
}
