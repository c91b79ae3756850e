import { type ErrorDetails, PusherError } from "../errors.ts";
import { digestLike, digestOf, isDigest } from "../spec/digest.ts";
import { DocumentError, manifestTypeOf, MAX_DOCUMENT_BYTES } from "../spec/documents.ts";
import type { ManifestNode } from "../spec/image.ts";
import { isIndexType, isManifestType, MEDIA_TYPE } from "../spec/media_type.ts";
import { printable } from "../util/printable.ts";
import { contentEncoding, notPlain } from "./blob_content.ts";
import { readCapped } from "./registry_request.ts";

/** What JSON objects begin with. */
const BRACE = 0x7b;

/** A manifest or index as a registry gave it out. */
export type FoundManifest = Pick<ManifestNode, "descriptor" | "bytes">;

/** What a manifest was asked for with. */
export interface ManifestQuestion {
  /** Tag or digest. */
  reference: string;
  /** The repository that was asked, for people. */
  from: string;
  /** The request, for errors. */
  detail: ErrorDetails["REGISTRY_UNSUPPORTED"];
}

/**
 * The manifest or index in an answer. Its digest is that of the bytes which came; what headers say of it is not needed.
 *
 * @param response An answer with status 200.
 * @param question What was asked.
 * @returns The exact bytes, and what names them.
 * @throws {PusherError} `DIGEST_MISMATCH` if another digest was asked for, `REGISTRY_UNSUPPORTED` if it is no manifest, one
 * of the first schema, or too large.
 */
export async function manifestContent(
  response: Response,
  question: ManifestQuestion,
): Promise<FoundManifest> {
  const { reference, from } = question;
  const { bytes, complete } = await readCapped(response, MAX_DOCUMENT_BYTES);
  if (!complete) throw unsupported(question, "it is too large");
  const encoding = contentEncoding(response.headers);
  if (encoding !== undefined && bytes[0] !== BRACE) throw unsupported(question, notPlain(encoding));
  const mediaType = typeOf(response, bytes, question);
  const isPinned = isDigest(reference);
  const digest = isPinned ? await digestLike(bytes, reference) : await digestOf(bytes);
  if (!isPinned || digest === reference) {
    return { descriptor: { mediaType, digest, size: bytes.length }, bytes };
  }
  throw new PusherError(
    "DIGEST_MISMATCH",
    `Cannot read "${from}@${reference}": the registry sent another manifest, ${digest}`,
    {
      detail: { expected: reference, actual: digest },
      hint:
        "The registry, or something between here and there, changes manifests: do not trust what it sends.",
    },
  );
}

/** Some registries and proxies send `text/plain`, or no type at all. */
function typeOf(response: Response, bytes: Uint8Array, question: ManifestQuestion): string {
  const header = (response.headers.get("content-type") ?? "").replace(/;.*/, "").trim().toLowerCase();
  if (isManifestType(header) || isIndexType(header)) return header;
  try {
    const found = manifestTypeOf(bytes);
    if (found !== undefined && (isManifestType(found) || isIndexType(found))) return found;
    const isOld = found?.startsWith(MEDIA_TYPE.dockerManifestV1.slice(0, -"json".length));
    if (isOld) throw oldFormat(question);
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error;
  }
  const what = header.startsWith("text/html")
    ? "the answer is a web page"
    : `it is "${printable(header, 100)}"`;
  throw unsupported(question, `${what}, not a manifest`);
}

function oldFormat(question: ManifestQuestion): PusherError {
  const reason = "it is of docker's first format (schema 1), which nothing pushes any more";
  return unsupported(question, reason, "Push the image there again: today's tools convert it.");
}

function unsupported(
  { reference, from, detail }: ManifestQuestion,
  reason: string,
  hint = "Check that this host is a container registry; --debug shows each request.",
): PusherError {
  return new PusherError(
    "REGISTRY_UNSUPPORTED",
    `Cannot read the manifest "${reference}" of "${from}": ${reason}`,
    { detail, hint },
  );
}
