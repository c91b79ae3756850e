import { isPusherError } from "../errors.ts";
import type { Descriptor } from "../spec/descriptor.ts";
import { shortDigest } from "../spec/digest.ts";
import { BestEffort } from "../util/best_effort.ts";
import type { Clock } from "../util/clock.ts";
import { printable } from "../util/printable.ts";
import { sha256Hex } from "../util/sha256.ts";
import { systemReason } from "../util/system_reason.ts";
import { tryLockFile } from "../util/lock_file.ts";
import { readOrSetAside } from "./read_or_set_aside.ts";
import { type StateDocument, type StateOptions, writeStateDocument } from "./state_document.ts";
import { sweepLeftovers } from "./sweep_leftovers.ts";
import {
  RECORD_LIFETIME_MS,
  recordFault,
  recordSchemaOf,
  type UploadIdentity,
  type UploadPosition,
  type UploadRecord,
} from "./upload_record.ts";

const DIRECTORY_NAME = "uploads";

/** What the journal needs. */
export interface JournalOptions extends StateOptions {
  /** Told of what is worth knowing, for example that an upload starts over. */
  onNotice: (message: string) => void;
}

/** The entry of one blob on its way to one target; disposing it lets others have it. */
export interface JournalEntry extends Disposable {
  /** What an earlier process left, if it can still be used. */
  readonly record: UploadPosition | undefined;
  /** Remembers where the upload is; one call at a time. */
  save(position: UploadPosition): Promise<void>;
  /** Forgets the upload. */
  remove(): Promise<void>;
}

/**
 * Uploads on their way, in `uploads/`: one file per target and blob, so that a later process continues what this one
 * could not end. It may be killed at any moment, and several processes may use it. A record serves 24 hours.
 *
 * Nothing here ever stops a push: where nothing can be remembered, a warning says so, once.
 *
 * @example Usage
 * ```ts
 * import { sha256Digest } from "../spec/digest.ts";
 * import { systemClock } from "../util/clock.ts";
 * import { UploadJournal } from "./upload_journal.ts";
 * import assert from "node:assert/strict";
 *
 * const directory = await Deno.makeTempDir();
 * const journal = new UploadJournal(directory, {
 *   clock: systemClock,
 *   onWarning: assert.fail,
 *   onNotice: assert.fail,
 * });
 * const blob = { mediaType: "application/octet-stream", digest: sha256Digest("0".repeat(64)), size: 300 };
 * {
 *   using entry = await journal.claim("registry.example/app", blob, "app.tar 1024");
 *   await entry?.save({ location: "https://registry.example/uploads/1", offsetBytes: 100, minChunkBytes: 0 });
 * }
 * using entry = await journal.claim("registry.example/app", blob, "app.tar 1024");
 * assert.equal(entry?.record?.offsetBytes, 100);
 * await Deno.remove(directory, { recursive: true });
 * ```
 */
export class UploadJournal {
  #directory: string;
  #clock: Clock;
  #onWarning: (message: string) => void;
  #onNotice: (message: string) => void;
  #opening: Promise<void> | undefined;
  #keeping = new BestEffort((error) => this.#tellFailure(error));

  /**
   * Names the directory; nothing is read or created yet.
   *
   * @param stateDirectory The state directory.
   * @param options Time, and who hears of warnings and notices.
   */
  constructor(stateDirectory: string, options: JournalOptions) {
    this.#directory = `${stateDirectory}/${DIRECTORY_NAME}`;
    this.#clock = options.clock;
    this.#onWarning = options.onWarning;
    this.#onNotice = options.onNotice;
  }

  /**
   * Takes the entry of one blob.
   *
   * @param target Name of the target.
   * @param blob The blob on its way there.
   * @param source What the blob is read from, for example path, size and time of a file: a record made from
   * anything else is dropped.
   * @returns The entry, or `undefined` if somebody has it, in this process or another, or nothing can be remembered.
   */
  async claim(target: string, blob: Descriptor, source: string): Promise<JournalEntry | undefined> {
    const identity = { target, digest: blob.digest, sizeBytes: blob.size, source };
    return await this.#keeping.attempt(() => this.#claim(identity));
  }

  async #claim(identity: UploadIdentity): Promise<JournalEntry | undefined> {
    await (this.#opening ??= this.#open());
    // A hash, so that nothing from outside becomes part of a path.
    const key = await sha256Hex(new TextEncoder().encode(`${identity.target} ${identity.digest}`));
    const lock = await tryLockFile(`${this.#directory}/${key}.lock`);
    if (!lock) return undefined;
    using claimed = new DisposableStack();
    claimed.use(lock);
    const document = { directory: this.#directory, name: `${key}.json`, schema: recordSchemaOf(identity) };
    const record = await this.#recall(document, identity);
    const held = claimed.move();
    return {
      record,
      save: (position) => this.#keeping.attempt(() => this.#write(document, identity, position)),
      // What is done with is removed even where nothing more can be kept.
      remove: () => removeIfThere(document).catch((error) => this.#keeping.end(error)),
      [Symbol.dispose]: () => held.dispose(),
    };
  }

  async #open(): Promise<void> {
    await Deno.mkdir(this.#directory, { recursive: true, mode: 0o700 });
    await sweepLeftovers(this.#directory, this.#clock.now() - RECORD_LIFETIME_MS);
  }

  async #recall(
    document: StateDocument<UploadRecord>,
    identity: UploadIdentity,
  ): Promise<UploadPosition | undefined> {
    const record = await readOrSetAside(
      document,
      (message) => this.#onWarning(`${message} and its upload starts over.`),
    );
    const fault = record && recordFault(record, identity, this.#clock.now());
    if (!fault) return record;
    await removeIfThere(document);
    const upload = `${shortDigest(identity.digest)} to ${printable(identity.target)}`;
    this.#onNotice(`The upload of ${upload} starts over: ${fault}.`);
    return undefined;
  }

  async #write(
    document: StateDocument<UploadRecord>,
    identity: UploadIdentity,
    { location, offsetBytes, minChunkBytes, maxChunkBytes }: UploadPosition,
  ): Promise<void> {
    const updatedAt = new Date(this.#clock.now()).toISOString();
    const position = { location, offsetBytes, minChunkBytes, maxChunkBytes };
    await writeStateDocument(document, { version: 1, ...identity, ...position, updatedAt });
  }

  #tellFailure(error: unknown): void {
    const reason = systemReason(isPusherError(error) ? error.cause : error);
    this.#onWarning(
      `Uploads cannot be remembered in "${printable(this.#directory)}" (${reason}): ` +
        "a broken push will start its unfinished blobs over.",
    );
  }
}

async function removeIfThere({ directory, name }: StateDocument<UploadRecord>): Promise<void> {
  try {
    await Deno.remove(`${directory}/${name}`);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
