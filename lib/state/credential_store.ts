import * as v from "valibot";
import type { Clock } from "../util/clock.ts";
import { printable } from "../util/printable.ts";
import {
  readStateDocument,
  type StateDocument,
  type StateOptions,
  writeStateDocument,
} from "./state_document.ts";
import { lockState } from "./state_lock.ts";

const CREDENTIALS_FILE = "credentials.json";

/** Who keeps the secret of a login if we do not: a credential helper, or docker in its `config.json` (a path). */
export type Keeper = { helper: string } | { dockerConfig: string };

/** A login that is kept. */
export interface StoredCredentials {
  /** Canonical host, with port if any. */
  registry: string;
  /** User name. */
  username: string;
  /** Password or access token, as it was given; absent where somebody else keeps it. */
  password?: string | undefined;
  /** Who keeps the secret; absent where we do. */
  keeper?: Keeper | undefined;
  /** When it was stored, RFC 3339 in UTC. */
  storedAt: string;
}

/** A login without its secret. */
export type StoredLogin = Omit<StoredCredentials, "password">;

// With words of our own: those of the library repeat what they found.
const textSchema = v.string("must be text");
const credentialsSchema = v.object({
  version: v.literal(1, "must be 1"),
  // The newest last. Not an object by host: `constructor` is a host name too.
  logins: v.array(
    v.object({
      registry: textSchema,
      username: textSchema,
      password: v.optional(textSchema),
      keeper: v.optional(v.union([
        v.object({ helper: textSchema }),
        v.object({ dockerConfig: textSchema }),
      ], "must name a helper or docker's file")),
      storedAt: v.pipe(textSchema, v.isoTimestamp("must be a time")),
    }, "must be an object"),
    "must be a list",
  ),
}, "must be an object");

/**
 * The logins in `credentials.json`: plain text, mode 0600, shared by every process that uses the directory.
 * Registries are named by their canonical host as `parseRegistry` gives it, `docker.io` for Docker Hub.
 */
export class CredentialStore {
  #document: StateDocument<v.InferOutput<typeof credentialsSchema>>;
  #clock: Clock;
  #onWarning: (message: string) => void;
  #hasWarned = false;

  /**
   * Names the directory; nothing is read or created yet.
   *
   * @param directory The state directory.
   * @param options Time, and who hears of warnings.
   */
  constructor(directory: string, options: StateOptions) {
    this.#document = { directory, name: CREDENTIALS_FILE, schema: credentialsSchema };
    this.#clock = options.clock;
    this.#onWarning = options.onWarning;
  }

  /**
   * Looks a login up.
   *
   * @param registry Canonical host.
   * @returns The login, or `undefined` if there is none.
   * @throws {PusherError} `STATE_CORRUPT`, `STATE_UNREADABLE`.
   */
  async get(registry: string): Promise<StoredCredentials | undefined> {
    return (await this.#read()).find((login) => login.registry === registry);
  }

  /**
   * Every login.
   *
   * @returns Without passwords, the newest last.
   * @throws {PusherError} `STATE_CORRUPT`, `STATE_UNREADABLE`.
   */
  async list(): Promise<StoredLogin[]> {
    const logins = await this.#read();
    return logins.map(({ password: _, ...login }) => login);
  }

  /**
   * Stores a login, replacing an earlier one.
   *
   * @param registry Canonical host.
   * @param login User, and the password or who keeps it.
   * @throws {PusherError} `STATE_CORRUPT`, `STATE_UNREADABLE`, `STATE_LOCKED`, `STATE_UNWRITABLE`; the file is
   * unchanged then.
   */
  async set(
    registry: string,
    login: { username: string } & ({ password: string } | { keeper: Keeper }),
  ): Promise<void> {
    const storedAt = new Date(this.#clock.now()).toISOString();
    await this.#replace(registry, [{ registry, ...login, storedAt }]);
  }

  /**
   * Forgets a login.
   *
   * @param registry Canonical host.
   * @returns Whether there was one.
   * @throws {PusherError} `STATE_CORRUPT`, `STATE_UNREADABLE`, `STATE_LOCKED`, `STATE_UNWRITABLE`; the file is
   * unchanged then.
   */
  async delete(registry: string): Promise<boolean> {
    // Asked first so that nothing is created or written where there is nothing to forget.
    if (await this.get(registry) === undefined) return false;
    await this.#replace(registry, []);
    return true;
  }

  async #replace(registry: string, replacement: readonly StoredCredentials[]): Promise<void> {
    using _lock = await lockState(this.#document.directory, this.#clock);
    const others = (await this.#read()).filter((login) => login.registry !== registry);
    await writeStateDocument(this.#document, { version: 1, logins: [...others, ...replacement] });
  }

  async #read(): Promise<StoredCredentials[]> {
    const content = await readStateDocument(this.#document);
    if (content) await this.#checkMode();
    return content?.logins ?? [];
  }

  async #checkMode(): Promise<void> {
    const path = `${this.#document.directory}/${this.#document.name}`;
    // Windows has no such modes.
    if (this.#hasWarned || Deno.build.os === "windows") return;
    const info = await Deno.stat(path).catch(() => undefined);
    if (((info?.mode ?? 0) & 0o077) === 0) return;
    this.#hasWarned = true;
    this.#onWarning(
      `Other users may read "${printable(path)}": run chmod 600 on it, and renew the passwords in it.`,
    );
  }
}
