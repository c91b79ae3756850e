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

/** A login that is kept. */
export interface StoredCredentials {
  /** Canonical host, with port if any. */
  registry: string;
  /** User name. */
  username: string;
  /** Password or access token, as it was given. */
  password: string;
  /** When it was stored, RFC 3339 in UTC. */
  storedAt: string;
}

/** A login without its secret. */
export type StoredLogin = Omit<StoredCredentials, "password">;

const credentialsSchema = v.object({
  version: v.literal(1),
  // The newest last. Not an object by host: `constructor` is a host name too.
  logins: v.array(v.object({
    registry: v.string(),
    username: v.string(),
    password: v.string(),
    storedAt: v.pipe(v.string(), v.isoTimestamp()),
  })),
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
    return logins.map(({ registry, username, storedAt }) => ({ registry, username, storedAt }));
  }

  /**
   * Stores a login, replacing an earlier one.
   *
   * @param registry Canonical host.
   * @param credentials User and password.
   * @throws {PusherError} `STATE_CORRUPT`, `STATE_UNREADABLE`, `STATE_LOCKED`, `STATE_UNWRITABLE`; the file is
   * unchanged then.
   */
  async set(registry: string, credentials: { username: string; password: string }): Promise<void> {
    const { username, password } = credentials;
    const storedAt = new Date(this.#clock.now()).toISOString();
    await this.#replace(registry, [{ registry, username, password, storedAt }]);
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
