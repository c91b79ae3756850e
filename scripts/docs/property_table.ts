import type { PropertyDoc } from "./type_docs.ts";

/** Types that have a heading of their own on the same page are linked to it; a digest is a string to readers of JSON. */
export function propertyTable(properties: readonly PropertyDoc[], linked: readonly string[] = []): string {
  const rows = properties.map(({ name, type, isOptional, doc }) => {
    if (doc === "") throw new Error(`"${name}" is not documented`);
    return `| \`${name}\`${isOptional ? " (optional)" : ""} | ${typeCell(type, linked)} | ${cell(doc)} |`;
  });
  return ["| field | type | meaning |", "| --- | --- | --- |", ...rows].join("\n");
}

function typeCell(type: string, linked: readonly string[]): string {
  const name = linked.find((name) => type === name || type === `${name}[]`);
  if (name === undefined) return cell(`\`${type.replace(/^Digest\b/, "string")}\``);
  return `[\`${type}\`](#${name.toLowerCase()})`;
}

function cell(text: string): string {
  return text.replace(/\s+/g, " ").replaceAll("|", "\\|");
}
