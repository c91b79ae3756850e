import * as v from "valibot";
import { isPusherError } from "../errors.ts";
import { type Digest, isDigest } from "../spec/digest.ts";
import type { Clock } from "../util/clock.ts";
import { printable } from "../util/printable.ts";
import {
  readStateDocument,
  type StateDocument,
  type StateOptions,
  writeStateDocument,
} from "./state_document.ts";
import { lockState } from "./state_lock.ts";

const HISTORY_FILE = "push_history.json";
const MAX_RECORDS = 200;

/** One tag that was pushed. */
export interface PushRecord {
  /** Name in the archive without host, for example `library/nginx:1.27`. */
  image: string;
  /** `registry/repository:tag`. */
  target: string;
  /** Digest of the manifest or index behind the tag. */
  digest: Digest;
  /** When, RFC 3339 in UTC. */
  pushedAt: string;
  /** Whether the user had said yes to this target, by naming or confirming it. */
  confirmed: boolean;
}

const historySchema = v.object({
  version: v.literal(1),
  pushes: v.array(v.object({
    image: v.string(),
    target: v.pipe(v.string(), v.includes("/")),
    digest: v.custom<Digest>((value) => typeof value === "string" && isDigest(value), "must be a digest"),
    pushedAt: v.pipe(v.string(), v.isoTimestamp()),
    confirmed: v.boolean(),
  })),
});

/**
 * The last 200 pushes in `push_history.json`. It serves convenience only, so nothing here ever stops a push: whatever
 * goes wrong becomes a warning, and a file that cannot be read is set aside, not lost.
 */
export class PushHistory {
  #document: StateDocument<v.InferOutput<typeof historySchema>>;
  #clock: Clock;
  #onWarning: (message: string) => void;

  /**
   * Names the directory; nothing is read or created yet.
   *
   * @param directory The state directory.
   * @param options Time, and who hears of warnings.
   */
  constructor(directory: string, options: StateOptions) {
    this.#document = { directory, name: HISTORY_FILE, schema: historySchema };
    this.#clock = options.clock;
    this.#onWarning = options.onWarning;
  }

  /**
   * Where an image was last pushed to with the user's consent.
   *
   * @param image Name in the archive without host.
   * @returns `registry/repository:tag`, if there is one.
   */
  async lastTargetFor(image: string): Promise<string | undefined> {
    return (await this.#read()).findLast((push) => push.confirmed && push.image === image)?.target;
  }

  /**
   * Registries that were pushed to.
   *
   * @returns Hosts, the most recent first, each once.
   */
  async recentRegistries(): Promise<string[]> {
    const hosts = (await this.#read()).map(({ target }) => target.slice(0, target.indexOf("/")));
    return [...new Set(hosts.reverse())];
  }

  /**
   * Whether the user has said yes to a repository before.
   *
   * @param targetRepository `registry/repository`, without tag.
   * @returns Whether any tag of it was a confirmed target.
   */
  async isConfirmed(targetRepository: string): Promise<boolean> {
    const pushes = (await this.#read()).filter((push) => push.confirmed);
    return pushes.some(({ target }) => target.slice(0, target.lastIndexOf(":")) === targetRepository);
  }

  /**
   * Every push.
   *
   * @returns The newest last.
   */
  list(): Promise<PushRecord[]> {
    return this.#read();
  }

  /**
   * Adds pushes, forgetting the oldest above 200.
   *
   * @param pushes What was pushed, in order.
   */
  async append(pushes: readonly PushRecord[]): Promise<void> {
    try {
      using _lock = await lockState(this.#document.directory, this.#clock);
      const kept = [...await this.#readOrSetAside(), ...pushes].slice(-MAX_RECORDS);
      await writeStateDocument(this.#document, { version: 1, pushes: kept });
    } catch (error) {
      this.#warn(error);
    }
  }

  async #read(): Promise<PushRecord[]> {
    try {
      return (await readStateDocument(this.#document))?.pushes ?? [];
    } catch {
      return await this.#repair();
    }
  }

  async #repair(): Promise<PushRecord[]> {
    try {
      // Under the lock, since another process may have put a good file there meanwhile.
      using _lock = await lockState(this.#document.directory, this.#clock);
      return await this.#readOrSetAside();
    } catch (error) {
      this.#warn(error);
      return [];
    }
  }

  async #readOrSetAside(): Promise<PushRecord[]> {
    try {
      return (await readStateDocument(this.#document))?.pushes ?? [];
    } catch (error) {
      if (!isPusherError(error, "STATE_CORRUPT")) throw error;
      const { path } = error.detail;
      const aside = await unusedName(`${path}.corrupt`);
      await Deno.rename(path, aside);
      this.#onWarning(`${error.message}; it is now "${printable(aside)}" and the push history starts anew.`);
      return [];
    }
  }

  #warn(error: unknown): void {
    this.#onWarning(
      `Going on without the push history: ${error instanceof Error ? error.message : String(error)}.`,
    );
  }
}

async function unusedName(prefix: string): Promise<string> {
  for (let number = 1;; number++) {
    const path = `${prefix}-${number}`;
    try {
      await Deno.lstat(path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return path;
      throw error;
    }
  }
}
