/**
 * Writes the pages under docs/ that are made from the code.
 *
 * @module
 */

import { commandPages } from "./docs/command_pages.ts";
import { makeErrorPage } from "./docs/error_page.ts";
import { makeEventsPage } from "./docs/events_page.ts";
import { makeReceiptPage } from "./docs/receipt_page.ts";

const PROJECT = new URL("../", import.meta.url);

const PAGES: Readonly<Record<string, () => Promise<string>>> = {
  "docs/errors.md": makeErrorPage,
  "docs/events.md": makeEventsPage,
  "docs/receipt.md": makeReceiptPage,
};

if (import.meta.main) {
  await Deno.mkdir(new URL("docs/man", PROJECT), { recursive: true });
  for (const [path, text] of await makePages()) await Deno.writeTextFile(new URL(path, PROJECT), text);
}

/**
 * Makes all pages, formatted as they are committed.
 *
 * @returns Text by path in the project.
 */
export async function makePages(): Promise<Map<string, string>> {
  const pages = new Map<string, string>();
  for (const [path, make] of Object.entries(PAGES)) pages.set(path, await formatted(await make()));
  for (const [path, text] of commandPages()) {
    pages.set(path, path.endsWith(".md") ? await formatted(text) : text);
  }
  return pages;
}

async function formatted(markdown: string): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--ext", "md", "-"],
    cwd: PROJECT,
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  await new Blob([markdown]).stream().pipeTo(child.stdin);
  const { stdout, success } = await child.output();
  if (!success) throw new Error("deno fmt failed");
  return new TextDecoder().decode(stdout);
}
