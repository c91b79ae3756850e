import * as v from "valibot";
import type { Clock } from "../util/clock.ts";
import { printable } from "../util/printable.ts";
import { readStateDocument, type StateDocument, writeStateDocument } from "./state_document.ts";
import { lockState } from "./state_lock.ts";

const CREDENTIALS_FILE = "credentials.json";

/** What is kept for a registry. */
export interface StoredCredentials {
  /** User name. */
  username: string;
  /** Password or access token, as it was given. */
  password: string;
  /** When it was stored, RFC 3339 in UTC. */
  storedAt: string;
}

/** A login without its secret. */
export interface StoredLogin {
  /** Host, with port if any. */
  registry: string;
  /** User name. */
  username: string;
  /** When it was stored, RFC 3339 in UTC. */
  storedAt: string;
}

/** What a {@linkcode CredentialStore} needs. */
export interface CredentialStoreOptions {
  /** Time. */
  clock: Clock;
  /** Told when other users may read the file. */
  onWarning: (message: string) => void;
}

const credentialsSchema = v.object({
  version: v.literal(1),
  registries: v.record(
    v.string(),
    v.object({ username: v.string(), password: v.string(), storedAt: v.pipe(v.string(), v.isoTimestamp()) }),
  ),
});

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
  constructor(directory: string, options: CredentialStoreOptions) {
    this.#document = { directory, name: CREDENTIALS_FILE, schema: credentialsSchema };
    this.#clock = options.clock;
    this.#onWarning = options.onWarning;
  }

  /**
   * Looks a login up.
   *
   * @param registry Canonical host.
   * @returns The login, or `undefined` if there is none.
   * @throws {PusherError} `STATE_CORRUPT`.
   */
  async get(registry: string): Promise<StoredCredentials | undefined> {
    return (await this.#read()).get(registry);
  }

  /**
   * Every login.
   *
   * @returns Without passwords, the newest last.
   * @throws {PusherError} `STATE_CORRUPT`.
   */
  async list(): Promise<StoredLogin[]> {
    const logins = [...await this.#read()].map(([registry, { username, storedAt }]) => (
      { registry, username, storedAt }
    ));
    return logins.sort((a, b) => Date.parse(a.storedAt) - Date.parse(b.storedAt));
  }

  /**
   * Stores a login, replacing an earlier one.
   *
   * @param registry Canonical host.
   * @param credentials User and password.
   * @throws {PusherError} `STATE_CORRUPT`, `STATE_LOCKED`, `STATE_UNWRITABLE`; the file is unchanged then.
   */
  async set(registry: string, credentials: { username: string; password: string }): Promise<void> {
    const { username, password } = credentials;
    const storedAt = new Date(this.#clock.now()).toISOString();
    await this.#update((logins) => logins.set(registry, { username, password, storedAt }));
  }

  /**
   * Forgets a login.
   *
   * @param registry Canonical host.
   * @returns Whether there was one.
   * @throws {PusherError} `STATE_CORRUPT`, `STATE_LOCKED`, `STATE_UNWRITABLE`; the file is unchanged then.
   */
  async delete(registry: string): Promise<boolean> {
    // Asked first so that nothing is created or written where there is nothing to forget.
    if (await this.get(registry) === undefined) return false;
    return await this.#update((logins) => logins.delete(registry));
  }

  async #update<T>(change: (logins: Map<string, StoredCredentials>) => T): Promise<T> {
    using _lock = await lockState(this.#document.directory, this.#clock);
    const logins = await this.#read();
    const result = change(logins);
    await writeStateDocument(this.#document, { version: 1, registries: Object.fromEntries(logins) });
    return result;
  }

  async #read(): Promise<Map<string, StoredCredentials>> {
    const content = await readStateDocument(this.#document);
    if (content) await this.#checkMode();
    return new Map(Object.entries(content?.registries ?? {}));
  }

  async #checkMode(): Promise<void> {
    const path = `${this.#document.directory}/${this.#document.name}`;
    const { mode } = await Deno.stat(path);
    // Windows has no such modes.
    if (this.#hasWarned || Deno.build.os === "windows" || mode === null || (mode & 0o077) === 0) return;
    this.#hasWarned = true;
    this.#onWarning(
      `Other users may read "${printable(path)}": run chmod 600 on it, and renew the passwords in it.`,
    );
  }
}
