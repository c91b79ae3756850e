import { propertyTable } from "./property_table.ts";
import { readTypeDocs } from "./type_docs.ts";

const INTRODUCTION = `# Receipts

\`--receipt FILE\` of \`push\`, \`pull\` and \`copy\` writes down what went where, and that of \`verify\` what was found there, for
whoever has to show it later. The file is JSON. It is written whether the command comes to its end, fails or is stopped with Ctrl-C; only a process that is killed
leaves none. That it can be written is found out first; it replaces an older one at once when it is complete, and only its
owner can read it (mode 0600). It holds no credentials.
`;

const TYPES = [
  "Receipt",
  "ArchiveIdentity",
  "ArchivedImage",
  "ReceiptImage",
  "ReceiptFailure",
  "ReceiptFault",
  "ReceiptError",
  "TransferTotals",
] as const;

/** Writes docs/receipt.md from the types of receipts. */
export async function makeReceiptPage(): Promise<string> {
  const docs = await readTypeDocs(
    "lib/commands/receipt.ts",
    "lib/transfer/events.ts",
    "lib/transfer/progress/transfer_tally.ts",
  );
  const sections = TYPES.map((name) =>
    `## ${name}\n\n${docs.docOf(name)}\n\n${propertyTable(docs.propertiesOf(name), TYPES)}\n`
  );
  return [INTRODUCTION, ...sections].join("\n");
}
