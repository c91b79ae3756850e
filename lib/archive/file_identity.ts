/**
 * Text that changes when a file may have: an upload of what it held before must not be continued with what it holds now.
 *
 * @param info Its size and time of change.
 * @returns Text to compare and to keep.
 */
export function fileIdentity({ size, mtime }: Pick<Deno.FileInfo, "size" | "mtime">): string {
  return `${size} bytes of ${mtime?.toISOString() ?? "unknown time"}`;
}
