import { digestOf } from "../spec/digest.ts";
import { manifestTypeOf } from "../spec/documents.ts";
import type { Image } from "../spec/image.ts";
import { isIndexType, isManifestType } from "../spec/media_type.ts";
import { ArchiveContents } from "./archive_contents.ts";
import { unsupportedArchive } from "./archive_error.ts";
import { dirBlobNames } from "./blob_names.ts";
import { readOciLayout } from "./oci_layout.ts";

/**
 * Reads the image of a directory as `skopeo copy … dir:` and `podman save --format docker-dir` write it: `manifest.json`
 * is the manifest or index itself, as a registry would give it. It has no name.
 *
 * @param contents The archive.
 * @param bytes Its `manifest.json`.
 * @returns The image and where its blobs are, or `undefined` if `manifest.json` is something else.
 * @throws {PusherError} `ARCHIVE_CORRUPT` if something is damaged or missing, `ARCHIVE_UNSUPPORTED` if it is of a type
 * that this tool cannot push.
 */
export async function readDirTransport(
  contents: ArchiveContents,
  bytes: Uint8Array,
): Promise<{ images: Image[]; contents: ArchiveContents } | undefined> {
  const mediaType = contents.parse("manifest.json", () => manifestTypeOf(bytes));
  if (mediaType === undefined) return undefined;
  const { entries } = contents;
  if (!isIndexType(mediaType) && !isManifestType(mediaType)) throw unsupportedType(entries.path, mediaType);
  const digest = await digestOf(bytes);
  const named = new ArchiveContents(entries, dirBlobNames(digest));
  const list = { manifests: [{ mediaType, digest, size: bytes.length }] };
  return { images: await readOciLayout(named, list, []), contents: named };
}

function unsupportedType(path: string, mediaType: string): Error {
  return unsupportedArchive(path, {
    found: "manifest of another type",
    reason: `its manifest.json is of type "${mediaType}", which is neither an image manifest nor an index`,
    hint: "Copy the image again with skopeo copy --format oci.",
  });
}
