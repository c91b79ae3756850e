import { PusherError } from "../errors.ts";
import { DocumentError, MAX_DOCUMENT_BYTES } from "../spec/documents.ts";
import { printable } from "../util/printable.ts";
import { readCapped, type RegistryRequest } from "./registry_request.ts";

/** Most items that are read of a list: more than any repository has that people look after. */
const MAX_ITEMS = 100_000;
/** A registry could lead on and on with empty pages. */
const MAX_PAGES = 1_000;

/** How the pages of a list are read. */
export interface PageReader<T> {
  /** What is listed, for people. */
  name: string;
  /**
   * Sends a request.
   *
   * @returns The answer with the page; `undefined` if there is no such list.
   */
  ask: (request: RegistryRequest) => Promise<Response | undefined>;
  /**
   * Reads a page.
   *
   * @throws {DocumentError} If it is something else.
   */
  parse: (bytes: Uint8Array) => readonly T[];
}

/**
 * Reads a list that a registry gives out in pages: every answer but the last names the next one in its `Link` header. It is
 * followed at the host that was asked only, by path and query: proxies lose schemes and ports.
 *
 * @typeParam T What is listed.
 * @param first Asks for the first page.
 * @param reader How pages are read.
 * @returns All items, in order; `undefined` if there is no such list.
 * @throws {PusherError} `REGISTRY_UNSUPPORTED` if a page is none, leads to another host, or the list has no end.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags
 */
export async function readPagedList<T>(
  first: RegistryRequest,
  reader: PageReader<T>,
): Promise<T[] | undefined> {
  const all: T[] = [];
  let request = first;
  for (let pages = 1;; pages++) {
    const response = await reader.ask(request);
    if (!response) return undefined;
    for (const item of await readPage(response, first, reader)) all.push(item);
    const target = nextTarget(response.headers.get("link"));
    if (target === undefined) return all;
    if (pages === MAX_PAGES || all.length > MAX_ITEMS) throw unusable(first, reader, "it does not end");
    const url = URL.canParse(target, request.url) ? new URL(target, request.url) : undefined;
    if (url?.hostname !== first.url.hostname) {
      throw unusable(first, reader, `it goes on elsewhere, at "${printable(target, 100)}"`);
    }
    request = { ...first, url: new URL(`${url.pathname}${url.search}`, first.url) };
  }
}

async function readPage<T>(
  response: Response,
  first: RegistryRequest,
  reader: PageReader<T>,
): Promise<readonly T[]> {
  const { bytes, complete } = await readCapped(response, MAX_DOCUMENT_BYTES);
  if (!complete) throw unusable(first, reader, "a page of it is too large");
  try {
    return reader.parse(bytes);
  } catch (error) {
    throw error instanceof DocumentError ? unusable(first, reader, printable(error.message)) : error;
  }
}

/** The target of the link to the next page, as in `</v2/app/tags/list?last=b>; rel="next"`. */
function nextTarget(header: string | null): string | undefined {
  for (const [, target, parameters = ""] of (header ?? "").matchAll(/<([^>]*)>([^<]*)/g)) {
    if (/;\s*rel\s*=\s*"?next"?\s*(?:[;,]|$)/i.test(parameters.trim())) return target;
  }
  return undefined;
}

function unusable({ method, url }: RegistryRequest, { name }: { name: string }, reason: string): PusherError {
  return new PusherError("REGISTRY_UNSUPPORTED", `Cannot read ${name}: ${reason}`, {
    detail: { registry: url.host, request: `${method} ${url.pathname}` },
    hint: "Check that this host is a container registry; --debug shows each request.",
  });
}
