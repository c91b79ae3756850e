/** Bytes that are not what tar's format says; whoever reads the file makes the user's error of it. */
export class TarFormatError extends Error {
  /** Always `"TarFormatError"`. */
  override readonly name = "TarFormatError";
}
