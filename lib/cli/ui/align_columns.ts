/**
 * Writes a table without borders.
 *
 * @param rows Their cells, as many in each, with nothing in them that a terminal acts on.
 * @returns A line for each row.
 */
export function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]!.length))) ?? [];
  return rows.map((row) => row.map((cell, at) => cell.padEnd(widths[at]!)).join("  ").trimEnd());
}
