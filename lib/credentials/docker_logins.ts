import { PusherError } from "../errors.ts";
import { DocumentError, MAX_DOCUMENT_BYTES } from "../spec/documents.ts";
import { createAtomicFile } from "../util/atomic_file.ts";
import { printable } from "../util/printable.ts";
import { readCappedFile } from "../util/read_capped_file.ts";
import { systemReason } from "../util/system_reason.ts";
import { toAuthEntry } from "./auth_entry.ts";
import { authFileError } from "./auth_file.ts";

type Json = Record<string, unknown>;

/** A login for docker's file. */
export interface DockerLogin {
  /** Registry, as `serverOf` writes it. */
  server: string;
  /** User; `<token>` for an identity token. */
  username: string;
  /** Password or token. */
  secret: string;
}

/**
 * Writes a login into docker's `config.json` as `docker login` does without a helper: not encrypted. All else in the
 * file stays.
 *
 * @param path The file; created with mode 0600 if need be.
 * @param login Whose.
 * @throws {PusherError} `CONFIG_INVALID` if the file is not docker's, `OUTPUT_FAILED`.
 */
export async function saveDockerLogin(path: string, login: DockerLogin): Promise<void> {
  const config = await readConfig(path) ?? {};
  const { server, username, secret } = login;
  await writeConfig(path, {
    ...config,
    auths: { ...authsOf(config), [server]: toAuthEntry(username, secret) },
  });
}

/**
 * Takes a login out of docker's `config.json`.
 *
 * @param path The file.
 * @param server Registry, as `serverOf` writes it.
 * @returns Whether there was one.
 * @throws {PusherError} `CONFIG_INVALID` if the file is not docker's, `OUTPUT_FAILED`.
 */
export async function removeDockerLogin(path: string, server: string): Promise<boolean> {
  const config = await readConfig(path);
  if (!config || !Object.hasOwn(authsOf(config), server)) return false;
  const { [server]: _, ...auths } = authsOf(config);
  await writeConfig(path, { ...config, auths });
  return true;
}

async function readConfig(path: string): Promise<Json | undefined> {
  try {
    const config = parseConfig(new TextDecoder().decode(await readCappedFile(path, MAX_DOCUMENT_BYTES)));
    if (isObject(config) && isObject(config["auths"] ?? {})) return config;
    throw new DocumentError("it is not docker's config.json");
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return undefined;
    throw authFileError(path, cause);
  }
}

function parseConfig(text: string): unknown {
  try {
    return text.trim() === "" ? {} : JSON.parse(text);
  } catch {
    // The parser's words quote the text.
    throw new DocumentError("it is not JSON");
  }
}

/** A link stays one: what it leads to is replaced. */
async function writeConfig(path: string, config: Json): Promise<void> {
  try {
    await Deno.mkdir(folderOf(path), { recursive: true, mode: 0o700 });
    const target = await Deno.realPath(path).catch(() => path);
    const name = target.slice(folderOf(target).length + 1);
    await using file = await createAtomicFile(folderOf(target), name);
    await file.write(new TextEncoder().encode(`${JSON.stringify(config, null, "\t")}\n`));
    await file.commit();
  } catch (cause) {
    throw new PusherError(
      "OUTPUT_FAILED",
      `Cannot write "${printable(path)}": ${systemReason(cause)}`,
      { detail: { path }, hint: "Let the directory be written, or keep the login with --store file.", cause },
    );
  }
}

function authsOf(config: Json): Json {
  return (config["auths"] ?? {}) as Json;
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")));
}
