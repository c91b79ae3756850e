import * as v from "valibot";
import { parseDocument } from "../spec/documents.ts";
import { parseByteSize } from "../util/byte_size.ts";
import type { LocalImage } from "./local_image.ts";

const NONE = "<none>";

/** A row of docker and nerdctl: all text, one name each. */
const dockerRowSchema = v.object({
  ID: v.string(),
  Repository: v.string(),
  Tag: v.string(),
  Size: v.optional(v.string()),
  CreatedAt: v.optional(v.string()),
});

/** A row of podman: all names of the image in each, `Names` in arrays and `RepoTags` in single rows. */
const podmanRowSchema = v.object({
  Id: v.string(),
  Names: v.nullish(v.array(v.string())),
  RepoTags: v.nullish(v.array(v.string())),
  Size: v.optional(v.number()),
  Created: v.optional(v.number()),
});

const rowsSchema = v.array(v.union([dockerRowSchema, podmanRowSchema]));

const TIMESTAMP_REGEXP = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.\d+)? ([+-]\d\d)(\d\d)/;

/**
 * Reads what a runtime prints for `images` in JSON: docker and nerdctl one object a line, podman an array (also
 * when it is called docker, as the podman-docker package does), each differing by version.
 *
 * @param bytes The output.
 * @returns One entry per name, in the order of the runtime, then one per image that has none.
 * @throws {DocumentError} If it is neither.
 *
 * @example Usage
 * ```ts
 * import { parseImageList } from "./image_list.ts";
 * import assert from "node:assert/strict";
 *
 * const line = '{"ID":"e994d26a80eb","Repository":"t/img","Tag":"1","Size":"20kB"}\n';
 * assert.deepEqual(parseImageList(new TextEncoder().encode(line)), [
 *   { name: "t/img:1", id: "e994d26a80eb", sizeBytes: 20_000 },
 * ]);
 * ```
 */
export function parseImageList(bytes: Uint8Array): LocalImage[] {
  const text = new TextDecoder().decode(bytes).trim();
  const json = text.startsWith("[") ? text : `[${text.split(/\s*\n\s*/).join(",")}]`;
  const images = parseDocument(rowsSchema, new TextEncoder().encode(json))
    .flatMap((row) => "ID" in row ? [dockerImage(row)] : podmanImages(row));
  return distinct(images);
}

function dockerImage(row: v.InferOutput<typeof dockerRowSchema>): LocalImage {
  const isNamed = row.Repository !== NONE && row.Tag !== NONE && row.Tag !== "";
  return localImage(
    isNamed ? `${row.Repository}:${row.Tag}` : undefined,
    row.ID,
    { sizeBytes: parseByteSize(row.Size ?? ""), createdMs: parseTimestamp(row.CreatedAt ?? "") },
  );
}

function podmanImages(row: v.InferOutput<typeof podmanRowSchema>): LocalImage[] {
  const names = (row.Names ?? row.RepoTags ?? []).filter((name) => !name.includes(NONE));
  const createdMs = row.Created === undefined ? undefined : row.Created * 1000;
  return (names.length > 0 ? names : [undefined])
    .map((name) => localImage(name, row.Id, { sizeBytes: row.Size, createdMs }));
}

function localImage(
  name: string | undefined,
  id: string,
  { sizeBytes, createdMs }: { sizeBytes: number | undefined; createdMs: number | undefined },
): LocalImage {
  return {
    ...(name !== undefined && { name }),
    id: id.replace(/^sha256:/, ""),
    ...(sizeBytes !== undefined && { sizeBytes }),
    // Images without a date claim the year 1 or 1970.
    ...(createdMs !== undefined && createdMs > 0 && { createdMs }),
  };
}

/** The first row counts: podman repeats an image per name, nerdctl per platform, and by its ID beside its names. */
function distinct(images: readonly LocalImage[]): LocalImage[] {
  const named = new Map<string, LocalImage>();
  const unnamed = new Map<string, LocalImage>();
  for (const image of images) {
    const known = image.name === undefined ? unnamed : named;
    const key = image.name ?? image.id;
    if (!known.has(key)) known.set(key, image);
  }
  for (const { id } of named.values()) unnamed.delete(id);
  return [...named.values(), ...unnamed.values()];
}

/** Go's `2026-11-22 01:29:58 +0100 CET`. */
function parseTimestamp(text: string): number | undefined {
  const match = TIMESTAMP_REGEXP.exec(text);
  if (!match) return undefined;
  const [, date, time, hours, minutes] = match;
  const timestampMs = Date.parse(`${date}T${time}${hours}:${minutes}`);
  return Number.isNaN(timestampMs) ? undefined : timestampMs;
}
