import { type BlobFile, digestFile, type FileDigests } from "../../archive/blob_files.ts";
import type { ImageArchive } from "../../archive/image_archive.ts";
import type { FileConsumer } from "../../archive/read_piped_archive.ts";
import { isPusherError } from "../../errors.ts";
import { type BlobRole, blobRoles } from "../../spec/blob_roles.ts";
import { treesOf } from "../../spec/image.ts";
import { BUFFER_BYTES } from "../../util/buffer_ring.ts";
import type { ByteReader } from "../../util/byte_reader.ts";
import { printable } from "../../util/printable.ts";
import type { CommandContext } from "../command_context.ts";
import { keepReceipt } from "../keep_receipt.ts";
import { findInputs, type Inputs } from "../push/find_inputs.ts";
import { openArchives } from "../push/open_archives.ts";
import { type Damage, fileDamage, lackedPlatforms, structuralDamage } from "./archive_damage.ts";
import { receiptOfArchives } from "./verify_receipts.ts";

/** What became of archives, ready for JSON. */
export interface ArchivesReport {
  /** Whether nothing is damaged. */
  isWhole: boolean;
  /** In the order they were named. */
  archives: readonly CheckedArchive[];
  /** From start to end. */
  durationMs: number;
}

/** An archive that was read from its start to its end. */
export interface CheckedArchive {
  /** As it was given. */
  path: string;
  /** What kind of archive it is; absent if it could not be opened. */
  format?: string;
  /** Its images. */
  images: number;
  /** Files that were hashed. */
  blobs: number;
  /** Bytes of them. */
  sizeBytes: number;
  /** What indexes list and the archive does not hold: allowed, and not verified. */
  lacks: readonly string[];
  /** What is wrong with it. */
  damage: readonly Damage[];
}

/** What to verify. */
export interface VerifyArchivesOptions {
  /** Paths of archives; `-` is standard input. */
  archives: readonly string[];
  /** File that gets a receipt, whatever is found; see `Receipt`. */
  receipt?: string | undefined;
}

/**
 * Verifies archives by themselves: every blob's digest and size, what every layer decompresses to, and all documents.
 * What is damaged is reported, and does not stop the rest.
 *
 * @param options Which.
 * @param context Is told, and stops it.
 * @returns What is damaged.
 * @throws {PusherError} `ARCHIVE_NOT_FOUND`, `ARCHIVE_UNSUPPORTED`; `OUTPUT_FAILED` if the receipt cannot be written.
 */
export async function verifyArchives(
  { archives, receipt }: VerifyArchivesOptions,
  context: CommandContext,
): Promise<ArchivesReport> {
  return await keepReceipt((told) => verifyAll(archives, told), {
    path: receipt,
    command: "verify",
    resultOf: receiptOfArchives,
  }, context);
}

async function verifyAll(paths: readonly string[], context: CommandContext): Promise<ArchivesReport> {
  const startMs = context.clock.now();
  using inputs = await findInputs(paths, context);
  const archives: CheckedArchive[] = [];
  for (const path of paths) archives.push(await verifyArchive(path, inputs, context));
  return {
    isWhole: archives.every(({ damage }) => damage.length === 0),
    archives,
    durationMs: context.clock.now() - startMs,
  };
}

/** What is damaged in such a way that nothing can be made of it, has an error of its own. */
async function verifyArchive(path: string, inputs: Inputs, context: CommandContext): Promise<CheckedArchive> {
  try {
    const passing = new PassingFiles(path, context);
    using opened = await openArchives([path], { inputs, onFile: passing.onFile }, context);
    return await verifyOpen(opened.archives[0]!, passing.found, context);
  } catch (error) {
    if (!isPusherError(error, "ARCHIVE_CORRUPT")) throw error;
    const { entry } = error.detail;
    const problem = error.message.replace(`Cannot open "${printable(path)}": `, "");
    const damage = { ...(entry === undefined ? {} : { entry }), problem };
    return { path, images: 0, blobs: 0, sizeBytes: 0, lacks: [], damage: [damage] };
  }
}

async function verifyOpen(
  archive: ImageArchive,
  passed: ReadonlyMap<string, FileDigests>,
  context: CommandContext,
): Promise<CheckedArchive> {
  const { path, format, images } = archive;
  const files = await archive.blobFiles();
  const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
  context.onEvent({ type: "verify:ready", names: [path], blobs: files.length, sizeBytes });
  const roles = blobRoles(...images.flatMap(treesOf));
  const damage = await structuralDamage(images);
  for (const file of files) {
    const role = roles.get(file.digest);
    const found = passed.get(file.name);
    const wrong = found ? fileDamage(file, found, role) : await verifyFile({ file, role, path }, context);
    if (wrong) damage.push(wrong);
  }
  return {
    path,
    format,
    images: images.length,
    blobs: files.length,
    sizeBytes,
    lacks: await lackedPlatforms(images),
    damage,
  };
}

async function verifyFile(
  { file, role, path }: { file: BlobFile; role: BlobRole | undefined; path: string },
  { onEvent, signal }: CommandContext,
): Promise<Damage | undefined> {
  const key = { target: path, digest: file.digest };
  onEvent({ type: "blob:start", ...key, sizeBytes: file.sizeBytes, mediaType: "" });
  const found = await digestFile(counted(file.open(), (deltaBytes) => {
    signal.throwIfAborted();
    onEvent({ type: "blob:bytes", ...key, deltaBytes });
  }));
  const damage = fileDamage(file, found, role);
  if (damage) onEvent({ type: "blob:failed", ...key, reason: damage.problem });
  else onEvent({ type: "blob:done", ...key, sizeBytes: file.sizeBytes });
  return damage;
}

/** Hashes what passes once. */
class PassingFiles {
  /** What was found, by the name of the file. */
  readonly found = new Map<string, FileDigests>();
  readonly #path: string;
  readonly #context: CommandContext;

  constructor(path: string, context: CommandContext) {
    this.#path = path;
    this.#context = context;
  }

  readonly onFile: FileConsumer = async ({ name, digest = name, size, mediaType }, read) => {
    const { onEvent } = this.#context;
    if (this.found.size === 0) onEvent({ type: "pass:start", targets: [] });
    const key = { target: this.#path, digest };
    onEvent({ type: "blob:start", ...key, sizeBytes: size, mediaType });
    const found = await digestFile(counted(chunksOf(read), (deltaBytes) => {
      onEvent({ type: "blob:bytes", ...key, deltaBytes });
    }));
    if (digest !== name && digest !== found.digest) {
      onEvent({ type: "blob:failed", ...key, reason: `its content is ${found.digest}` });
    } else onEvent({ type: "blob:done", ...key, sizeBytes: size, found: found.digest });
    this.found.set(name, found);
    return found;
  };
}

async function* chunksOf(read: ByteReader): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(BUFFER_BYTES);
  for (let readBytes = 0; (readBytes = await read(buffer)) > 0;) yield buffer.subarray(0, readBytes);
}

async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  count: (sizeBytes: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    count(chunk.length);
    yield chunk;
  }
}
