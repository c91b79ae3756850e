import type { Descriptor } from "../spec/descriptor.ts";
import { type Digest, digestOf } from "../spec/digest.ts";
import { DocumentError } from "../spec/documents.ts";
import { formatByteSize } from "../util/byte_size.ts";
import { type BlobNaming, ociBlobNames } from "./blob_names.ts";
import type { ArchiveEntries, ArchiveEntry } from "./archive_entries.ts";
import { corruptArchive, unsupportedArchive } from "./archive_error.ts";

/** Most bytes of documents read from one archive: thousands of images, yet never a threat to memory. */
const MAX_TOTAL_DOCUMENT_BYTES = 64 * 2 ** 20;

const ODD_ARCHIVE_HINT = "Image tools do not write such documents: check where the archive comes from.";

/** Most documents read from one archive, each as often as something names it: small ones can name millions. */
const MAX_DOCUMENTS = 20_000;

/** What the readers of both layouts find in an archive: entries, documents, and the blobs they name. */
export class ArchiveContents {
  /** What it consists of. */
  readonly entries: ArchiveEntries;
  /** Where the blobs are that the images need. */
  readonly blobs = new Map<Digest, ArchiveEntry>();
  /** What the user should know. */
  readonly notices: string[] = [];
  /** How files of blobs are called. */
  readonly namesOf: BlobNaming;
  #documentBytes = 0;
  #documents = 0;

  /**
   * Starts without blobs and notices.
   *
   * @param entries What the archive consists of.
   * @param namesOf How files of blobs are called; as in an OCI layout by default.
   */
  constructor(entries: ArchiveEntries, namesOf: BlobNaming = ociBlobNames) {
    this.entries = entries;
    this.namesOf = namesOf;
  }

  /**
   * Reads a small document.
   *
   * @param entry Where it is.
   * @param maxBytes The most it may have.
   * @returns Its bytes.
   * @throws {PusherError} `ARCHIVE_UNSUPPORTED` if it, or all documents together, are too large; `ARCHIVE_CORRUPT` if
   * the file has become shorter.
   */
  async read(entry: ArchiveEntry, maxBytes: number): Promise<Uint8Array> {
    if (entry.sizeBytes > maxBytes) throw this.#tooLarge(`"${entry.name}" is`, maxBytes);
    this.#documentBytes += entry.sizeBytes;
    if (++this.#documents > MAX_DOCUMENTS) throw this.#tooMany();
    if (this.#documentBytes > MAX_TOTAL_DOCUMENT_BYTES) {
      throw this.#tooLarge("its documents together are", MAX_TOTAL_DOCUMENT_BYTES);
    }
    return await entry.read(entry.sizeBytes);
  }

  /**
   * Finds the entry of a descriptor's blob and remembers it for `openBlob`.
   *
   * @param blob What a document names.
   * @returns The entry, or `undefined` if the archive does not hold it.
   * @throws {PusherError} `ARCHIVE_CORRUPT` if its size is another, `ARCHIVE_UNSUPPORTED` if the digest is not a
   * SHA-256, which is what this tool verifies with.
   */
  async findBlob(blob: Descriptor): Promise<ArchiveEntry | undefined> {
    const [algorithm] = blob.digest.split(":");
    if (algorithm !== "sha256") {
      throw unsupportedArchive(this.entries.path, {
        found: `${algorithm} digests`,
        reason: `it names its content by ${algorithm} instead of sha256`,
        hint: "Save the image again with docker save, podman save or skopeo copy.",
      });
    }
    const entry = await this.#findFirst(this.namesOf(blob.digest));
    if (!entry) return undefined;
    if (entry.sizeBytes !== blob.size) {
      throw this.corrupt(
        entry.name,
        `"${entry.name}" has ${entry.sizeBytes} bytes instead of the ${blob.size} it should have`,
      );
    }
    this.blobs.set(blob.digest, entry);
    return entry;
  }

  /**
   * Reads a blob that is a document and checks its digest.
   *
   * @param blob What another document names it.
   * @param entry Where it is.
   * @param maxBytes The most it may have.
   * @returns Its bytes.
   * @throws {PusherError} `ARCHIVE_CORRUPT` if it is not what its digest says.
   */
  async readBlob(blob: Descriptor, entry: ArchiveEntry, maxBytes: number): Promise<Uint8Array> {
    const bytes = await this.read(entry, maxBytes);
    if (await digestOf(bytes) !== blob.digest) {
      throw this.corrupt(entry.name, `the content of "${entry.name}" is not what its digest says`);
    }
    return bytes;
  }

  /**
   * Parses a document.
   *
   * @typeParam T What it is.
   * @param entry Its name, for messages.
   * @param parse Parses it, or throws a `DocumentError`.
   * @returns The document.
   * @throws {PusherError} `ARCHIVE_CORRUPT` if it is not what it should be.
   */
  parse<T>(entry: string, parse: () => T): T {
    try {
      return parse();
    } catch (error) {
      if (!(error instanceof DocumentError)) throw error;
      throw this.corrupt(entry, `"${entry}" is damaged: ${error.message}`, error);
    }
  }

  /**
   * Makes the error for an entry that is damaged or contradicts another.
   *
   * @param entry The entry at fault.
   * @param reason Why, in lower case.
   * @param cause The error underneath.
   * @returns The error.
   */
  corrupt(entry: string, reason: string, cause?: unknown): Error {
    return corruptArchive(this.entries.path, reason, { entry, cause });
  }

  async #findFirst(names: readonly string[]): Promise<ArchiveEntry | undefined> {
    for (const name of names) {
      const entry = await this.entries.find(name);
      if (entry) return entry;
    }
    return undefined;
  }

  #tooMany(): Error {
    return unsupportedArchive(this.entries.path, {
      found: "too many documents",
      reason: `its manifests and configs name each other more than ${MAX_DOCUMENTS} times`,
      hint: ODD_ARCHIVE_HINT,
    });
  }

  #tooLarge(what: string, limitBytes: number): Error {
    return unsupportedArchive(this.entries.path, {
      found: "document too large",
      reason: `${what} larger than ${formatByteSize(limitBytes)}`,
      hint: ODD_ARCHIVE_HINT,
    });
  }
}
