import * as v from "valibot";
import { type Digest, isDigest } from "../spec/digest.ts";
import { ExpendableDocument } from "./expendable_document.ts";
import type { StateOptions } from "./state_document.ts";

const HISTORY_FILE = "push_history.json";
const MAX_RECORDS = 200;

/** One tag that was pushed. */
export interface PushRecord {
  /** Name in the archive without host, for example `library/nginx:1.27`; the digest of an image without a name. */
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
 * The last 200 pushes in `push_history.json`. It serves convenience only, so nothing here ever stops a push; see
 * {@linkcode ExpendableDocument}.
 */
export class PushHistory {
  #file: ExpendableDocument<v.InferOutput<typeof historySchema>>;

  /**
   * Names the directory; nothing is read or created yet.
   *
   * @param directory The state directory.
   * @param options Time, and who hears of warnings.
   */
  constructor(directory: string, options: StateOptions) {
    const document = { directory, name: HISTORY_FILE, schema: historySchema };
    this.#file = new ExpendableDocument(document, "the push history", options);
  }

  /**
   * Registries that were pushed to.
   *
   * @returns Hosts, the most recent first, each once.
   */
  async recentRegistries(): Promise<string[]> {
    const hosts = (await this.list()).map(({ target }) => target.slice(0, target.indexOf("/")));
    return [...new Set(hosts.reverse())];
  }

  /**
   * Every push.
   *
   * @returns The newest last.
   */
  async list(): Promise<PushRecord[]> {
    return (await this.#file.read())?.pushes ?? [];
  }

  /**
   * Adds pushes, forgetting the oldest above 200.
   *
   * @param pushes What was pushed, in order.
   */
  async append(pushes: readonly PushRecord[]): Promise<void> {
    await this.#file.update((content) => (
      { version: 1, pushes: [...content?.pushes ?? [], ...pushes].slice(-MAX_RECORDS) }
    ));
  }
}
