import { CredentialHelper } from "../credentials/credential_helper.ts";
import { type AuthFile, parseAuthFile, readAuthFile } from "../credentials/auth_file.ts";
import { dockerConfigPath, podmanAuthPaths } from "../credentials/auth_file_paths.ts";
import type { CredentialTarget } from "../credentials/auth_keys.ts";
import { findInAuthFile, type FoundCredentials } from "../credentials/find_in_auth_file.ts";
import { type Credentials, toCredentials } from "../spec/credentials.ts";
import type { CredentialStore } from "../state/credential_store.ts";
import type { CommandContext } from "./command_context.ts";

/** Where credentials may come from, besides the files of docker and podman. */
export interface CredentialSources {
  /** From the command line. */
  given?: Credentials | undefined;
  /**
   * Whether `DOCKER_USERNAME` and `DOCKER_PASSWORD` count: they name no registry, so they are good for one at most.
   *
   * @default {true}
   */
  usesEnvironment?: boolean | undefined;
  /** Our own logins. */
  store: CredentialStore;
}

/** Finds credentials, for as long as a command runs: files are read once, helpers are asked once for a server. */
export class CredentialFinder {
  #sources: CredentialSources;
  #context: CommandContext;
  #files = new Map<string, Promise<AuthFile | undefined>>();
  #answers = new Map<string, Promise<Credentials | undefined>>();

  /**
   * Names the sources; nothing is read yet.
   *
   * @param sources Where credentials may come from.
   * @param context Environment variables, time, the end; told of files that may not be read.
   */
  constructor(sources: CredentialSources, context: CommandContext) {
    this.#sources = sources;
    this.#context = context;
  }

  /**
   * Finds the credentials for a repository: the command line's, else `DOCKER_USERNAME` and `DOCKER_PASSWORD`, else
   * those of an earlier login of ours, else docker's, else podman's. Nothing is read beyond the first that has some.
   *
   * @param target A repository, or a registry.
   * @returns The credentials and their source; `undefined` for nobody in particular.
   * @throws {PusherError} `STATE_CORRUPT`, `STATE_UNREADABLE`, `CONFIG_INVALID` or `HELPER_FAILED` if a source is there but cannot be
   * used.
   */
  async find(target: CredentialTarget): Promise<FoundCredentials | undefined> {
    const { given } = this.#sources;
    if (given) {
      const credentials = "password" in given ? toCredentials(given.username, given.password) : given;
      return { credentials, source: "the command line" };
    }
    return this.#fromEnvironment() ?? await this.#fromStore(target.registry) ?? await this.#fromFiles(target);
  }

  #fromEnvironment(): FoundCredentials | undefined {
    if (!(this.#sources.usesEnvironment ?? true)) return undefined;
    const { env } = this.#context;
    const username = env("DOCKER_USERNAME");
    const password = env("DOCKER_PASSWORD");
    if (!username || !password) return undefined;
    return { credentials: toCredentials(username, password), source: "DOCKER_USERNAME and DOCKER_PASSWORD" };
  }

  async #fromStore(registry: string): Promise<FoundCredentials | undefined> {
    const login = await this.#sources.store.get(registry);
    // Where somebody else keeps the secret, it is found with them.
    if (login?.password === undefined) return undefined;
    return { credentials: toCredentials(login.username, login.password), source: "our credentials.json" };
  }

  async #fromFiles(target: CredentialTarget): Promise<FoundCredentials | undefined> {
    const { env } = this.#context;
    const text = env("DOCKER_AUTH_CONFIG");
    const found = text &&
      await this.#lookUp(parseAuthFile(new TextEncoder().encode(text), "DOCKER_AUTH_CONFIG"), target);
    if (found) return found;
    const dockerPath = dockerConfigPath(env);
    for (const path of [...dockerPath ? [dockerPath] : [], ...await podmanAuthPaths(env)]) {
      const file = await this.#read(path);
      const found = file && await this.#lookUp(file, target);
      if (found) return found;
    }
    return undefined;
  }

  #lookUp(file: AuthFile, target: CredentialTarget): Promise<FoundCredentials | undefined> {
    return findInAuthFile(file, target, (helper, server) => this.#ask(helper, server));
  }

  #read(path: string): Promise<AuthFile | undefined> {
    const onWarning = (message: string): void => this.#context.onEvent({ type: "warning", message });
    const file = this.#files.get(path) ?? readAuthFile(path, onWarning);
    this.#files.set(path, file);
    return file;
  }

  #ask(helper: string, server: string): Promise<Credentials | undefined> {
    const key = `${helper} ${server}`;
    const answer = this.#answers.get(key) ?? new CredentialHelper(helper, this.#context).get(server);
    this.#answers.set(key, answer);
    return answer;
  }
}
