import { isPusherError } from "../../errors.ts";

/**
 * Whether reading something has failed because a registry does not have it.
 *
 * @param error What was thrown.
 * @returns Whether the registry answered 404.
 */
export function isMissing(error: unknown): boolean {
  return isPusherError(error, "REGISTRY_REJECTED") && error.detail.status === 404;
}
