import type { Descriptor } from "../../../../lib/spec/descriptor.ts";
import type { BlobSource } from "../../../../lib/transfer/ports.ts";
import { HashEffort } from "../../../../lib/transfer/hash/hash_effort.ts";
import { SharedReads } from "../../../../lib/transfer/push/shared_reads.ts";
import type { UploadContext } from "../../../../lib/transfer/upload/upload_blob.ts";
import type { Clock } from "../../../../lib/util/clock.ts";

/**
 * Has one upload read a blob, with nobody else.
 *
 * @param source Where the blob is.
 * @param blob Which.
 * @param clock Time.
 * @returns What `uploadBlob` takes.
 */
export function readAlone(
  source: BlobSource,
  blob: Descriptor,
  clock: Clock,
): Pick<UploadContext, "claim" | "source"> {
  return {
    claim: new SharedReads({ clock, effort: new HashEffort({ clock, maxThreads: 0 }) }).claim(
      "",
      source,
      blob,
    ),
    source: source.identityOf(blob),
  };
}
