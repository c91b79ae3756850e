import { emptyAnswer, errorAnswer, type RegistryErrorCode } from "./registry_answer.ts";
import type { Deletion } from "./registry_store.ts";

/**
 * Says what came of a request to delete.
 *
 * @param deletion What came of it.
 * @param unknown Code where there was nothing to delete.
 * @returns 202, 404, or 405.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#content-management
 */
export function deletionAnswer(deletion: Deletion, unknown: RegistryErrorCode): Response {
  switch (deletion) {
    case "deleted":
      return emptyAnswer(202);
    case "unknown":
      return errorAnswer(404, unknown);
    case "in-use":
      return errorAnswer(405, "UNSUPPORTED", { message: "a manifest names it: delete that first" });
    case "read-only":
      return errorAnswer(405, "UNSUPPORTED", { message: "it is part of an archive, which is only read" });
  }
}
