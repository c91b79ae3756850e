import * as v from "valibot";
import { PusherError } from "../errors.ts";
import { type Credentials, toCredentials } from "../spec/credentials.ts";
import { DocumentError, parseDocument } from "../spec/documents.ts";
import type { Clock } from "../util/clock.ts";
import { printable } from "../util/printable.ts";
import { systemReason } from "../util/system_reason.ts";
import { type ProgramResult, runProgram } from "./run_program.ts";

/** What a helper needs to run. */
export interface HelperOptions {
  /** Time. */
  clock: Clock;
  /** Ends it. */
  signal: AbortSignal;
}

/** By the protocol, a helper says so on standard output, and ends with an error. */
const NOT_FOUND = "credentials not found in native keychain";

const answerSchema = v.pipe(
  v.custom((value) => !Array.isArray(value)),
  v.object({ Username: v.nullish(v.string(), ""), Secret: v.nullish(v.string(), "") }),
);

/** A program `docker-credential-…` that keeps logins, for example in the desktop's keyring. */
export class CredentialHelper {
  /** The program. */
  readonly program: string;
  #options: HelperOptions;

  /**
   * Names a helper; nothing runs yet.
   *
   * @param name Its name as docker's configuration has it, already known to be a mere name.
   * @param options Time, and the end.
   * @see https://docs.docker.com/reference/cli/docker/login/#credential-helper-protocol
   */
  constructor(name: string, options: HelperOptions) {
    this.program = `docker-credential-${name}`;
    this.#options = options;
  }

  /**
   * Asks for a login.
   *
   * @param server Registry, as `serverOf` writes it.
   * @returns The credentials; `undefined` if it has none.
   * @throws {PusherError} `HELPER_FAILED` for any other answer: without it we would be nobody, or somebody else
   * ([CVE-2021-41092](https://github.com/advisories/GHSA-99pg-grm5-qq3v)).
   */
  async get(server: string): Promise<Credentials | undefined> {
    const result = await this.#run("get", server);
    if (result.exitCode !== 0) {
      if (result.stdout.includes(NOT_FOUND)) return undefined;
      throw this.#failed("ask", reasonOf(result, []));
    }
    const { Username, Secret } = this.#parse(result.stdout);
    return Secret === "" ? undefined : toCredentials(Username, Secret);
  }

  /**
   * Has a login kept, in the place of an earlier one.
   *
   * @param server Registry, as `serverOf` writes it.
   * @param username User; `<token>` for an identity token.
   * @param secret Password or token.
   * @throws {PusherError} `HELPER_FAILED`.
   */
  async store(server: string, username: string, secret: string): Promise<void> {
    const login = JSON.stringify({ ServerURL: server, Username: username, Secret: secret });
    const result = await this.#run("store", login);
    if (result.exitCode !== 0) throw this.#failed("store a login with", reasonOf(result, [secret]));
  }

  /**
   * Has a login forgotten.
   *
   * @param server Registry, as `serverOf` writes it.
   * @throws {PusherError} `HELPER_FAILED`; not if there was none.
   */
  async erase(server: string): Promise<void> {
    const result = await this.#run("erase", server);
    // Some fail where there is nothing to erase.
    if (result.exitCode === 0 || await this.get(server) === undefined) return;
    throw this.#failed("erase a login with", reasonOf(result, []));
  }

  async #run(action: "get" | "store" | "erase", stdin: string): Promise<ProgramResult> {
    const { signal } = this.#options;
    try {
      return await runProgram([this.program, action], { stdin, ...this.#options });
    } catch (cause) {
      signal.throwIfAborted();
      if (cause instanceof Deno.errors.NotCapable) throw cause;
      const isMissing = cause instanceof Deno.errors.NotFound;
      throw this.#failed("run", isMissing ? "there is no such program on PATH" : systemReason(cause));
    }
  }

  /** What it printed is never shown: it may hold the secret. */
  #parse(text: string): v.InferOutput<typeof answerSchema> {
    try {
      return parseDocument(answerSchema, new TextEncoder().encode(text));
    } catch (error) {
      if (!(error instanceof DocumentError)) throw error;
      throw this.#failed("ask", "its answer is not what a credential helper's should be");
    }
  }

  #failed(attempt: string, reason: string): PusherError {
    return new PusherError("HELPER_FAILED", `Cannot ${attempt} "${this.program}": ${reason}`, {
      detail: { helper: this.program },
      hint: "Repair the helper, or take it out of the configuration of docker or podman that names it " +
        "(credHelpers, credsStore), or do without it: login --store file.",
    });
  }
}

/** The helper's own words, as long as they are words. */
function reasonOf(result: ProgramResult, secrets: readonly string[]): string {
  const { stdout, stderr, exitCode } = result;
  if (result.isLate) return "it did not end within two minutes";
  if (result.isCut) return "it wrote more than a credential helper should";
  const words = [stdout, stderr].map((text) => text.trim().replace(/\s+/g, " ")).find((text) =>
    text !== "" && !text.startsWith("{")
  );
  if (words === undefined) return `it ended with exit code ${exitCode}`;
  return printable(secrets.reduce((text, secret) => text.replaceAll(secret, "[redacted]"), words));
}
