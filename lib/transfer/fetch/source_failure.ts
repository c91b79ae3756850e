import type { PusherError } from "../../errors.ts";

/**
 * What reading a blob from its repository has failed with, for good. It is no answer of the registry that the blob goes
 * to: nothing is learned of that one, and sending again would not help.
 */
export class SourceFailure extends Error {
  /** Always `"SourceFailure"`. */
  override readonly name = "SourceFailure";
  /** The failure. */
  override readonly cause: PusherError;

  /** @param cause The failure. */
  constructor(cause: PusherError) {
    super(cause.message);
    this.cause = cause;
  }
}
