import * as v from "valibot";
import type { Clock } from "../util/clock.ts";
import { ExpendableDocument } from "./expendable_document.ts";
import type { StateOptions } from "./state_document.ts";

const HOSTS_FILE = "hosts.json";
const MAX_HOSTS = 100;
const MAX_AGE_MS = 30 * 24 * 3_600_000;

/** How a registry takes blobs: in ranged PATCHes, in one PATCH, or in one PUT. */
export type HostStrategy = "chunked" | "streamed" | "single";

/** What was learned about uploads to a registry, and the proxies in front of it; what is absent was not learned. */
export interface HostHabits {
  /** How it takes large blobs. */
  strategy: HostStrategy;
  /** How it takes none. */
  refused?: readonly HostStrategy[] | undefined;
  /** Largest part it takes. */
  maxChunkBytes?: number | undefined;
  /** Largest body of any request it takes. */
  maxBodyBytes?: number | undefined;
  /** Whether it wants the last part in the closing PUT. */
  isLastPartInCommit?: boolean | undefined;
}

const strategySchema = v.picklist(["chunked", "streamed", "single"]);
const limitSchema = v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(1)));

const hostsSchema = v.object({
  version: v.literal(1),
  // The newest last. Not an object by host: `constructor` is a host name too.
  hosts: v.array(v.object({
    registry: v.string(),
    strategy: strategySchema,
    refused: v.optional(v.pipe(v.array(strategySchema), v.readonly())),
    maxChunkBytes: limitSchema,
    maxBodyBytes: limitSchema,
    isLastPartInCommit: v.optional(v.boolean()),
    learnedAt: v.pipe(v.string(), v.isoTimestamp()),
  })),
});

/**
 * What was learned about registries, in `hosts.json`: the 100 learned last, each for 30 days, since registries and
 * proxies change. It only saves attempts, so nothing here ever stops a push; see {@linkcode ExpendableDocument}.
 */
export class HostMemory {
  #file: ExpendableDocument<v.InferOutput<typeof hostsSchema>>;
  #clock: Clock;

  /**
   * Names the directory; nothing is read or created yet.
   *
   * @param directory The state directory.
   * @param options Time, and who hears of warnings.
   */
  constructor(directory: string, options: StateOptions) {
    const document = { directory, name: HOSTS_FILE, schema: hostsSchema };
    this.#file = new ExpendableDocument(document, "the memory of registries", options);
    this.#clock = options.clock;
  }

  /**
   * What is known of a registry.
   *
   * @param registry Host, with port if any.
   * @returns Its habits, or `undefined` if none were learned in the last 30 days.
   */
  async get(registry: string): Promise<HostHabits | undefined> {
    const content = await this.#file.read();
    const host = content?.hosts.find((host) => host.registry === registry && this.#isFresh(host.learnedAt));
    if (!host) return undefined;
    const { registry: _, learnedAt: __, ...habits } = host;
    return habits;
  }

  /**
   * Remembers the habits of a registry in place of earlier ones.
   *
   * @param registry Host, with port if any.
   * @param habits What was learned.
   */
  async learn(registry: string, habits: HostHabits): Promise<void> {
    const learned = { ...habits, registry, learnedAt: new Date(this.#clock.now()).toISOString() };
    await this.#file.update((content) => {
      const others = (content?.hosts ?? []).filter((host) => host.registry !== registry);
      return { version: 1, hosts: [...others, learned].slice(-MAX_HOSTS) };
    });
  }

  #isFresh(learnedAt: string): boolean {
    return this.#clock.now() - Date.parse(learnedAt) <= MAX_AGE_MS;
  }
}
