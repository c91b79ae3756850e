import { propertyTable } from "./property_table.ts";
import { readTypeDocs } from "./type_docs.ts";

const INTRODUCTION = `# Events

With \`--progress json\`, every line on standard error is one JSON object. Most are events, and \`type\` says which; this
page lists them all. New types and fields may be added, so ignore those you do not know; what is here keeps its meaning.

Two other kinds of lines can come:

- \`{"type":"trace","message":"…"}\`: a request or an answer, with \`--debug\`;
- \`{"error":{"code":"…","message":"…","hint":"…","detail":{…}}}\`: why the command failed. It is the last line.

Standard output holds the result: with \`--json\`, one report. Sizes are bytes, times are milliseconds, and digests look like
\`sha256:…\`. The bytes of a blob that got to its place add up to its size, counted from \`offsetBytes\` where it was
continued.

The library gives the same objects to \`onEvent\`.
`;

/** Writes docs/events.md from the types of events. */
export async function makeEventsPage(): Promise<string> {
  const docs = await readTypeDocs("lib/transfer/events.ts");
  const sections = docs.membersOf("TransferEvent").map((properties) => {
    const { type, doc } = properties.find(({ name }) => name === "type")!;
    const others = properties.filter(({ name }) => name !== "type");
    return `## ${JSON.parse(type)}\n\n${doc}\n\n${propertyTable(others, ["ArchivedImage"])}\n`;
  });
  const image = `## ArchivedImage\n\n${docs.docOf("ArchivedImage")}\n\n${
    propertyTable(docs.propertiesOf("ArchivedImage"))
  }\n`;
  return [INTRODUCTION, ...sections, image].join("\n");
}
