import { readAuthFile } from "../credentials/auth_file.ts";
import { dockerConfigPath } from "../credentials/auth_file_paths.ts";
import { serverOf } from "../credentials/auth_keys.ts";
import { CredentialHelper } from "../credentials/credential_helper.ts";
import { removeDockerLogin, saveDockerLogin } from "../credentials/docker_logins.ts";
import { helperFor } from "../credentials/find_in_auth_file.ts";
import { PusherError } from "../errors.ts";
import type { Keeper } from "../state/credential_store.ts";
import { printable } from "../util/printable.ts";
import type { CommandContext } from "./command_context.ts";

/** Where logins can be kept: by docker's credential helper, in our own file, or in docker's. */
export type LoginStore = "helper" | "file" | "docker";

/**
 * Decides who keeps a login.
 *
 * @param registry Canonical host.
 * @param store What the user wants; the credential helper that docker uses for the registry when absent, if there is
 * one, else our file.
 * @param context Environment variables; told of files that may not be read.
 * @returns Who; `undefined` for our own file.
 * @throws {PusherError} `USAGE` if that is not to be had, `CONFIG_INVALID` if docker's configuration is damaged.
 */
export async function chooseKeeper(
  registry: string,
  store: LoginStore | undefined,
  context: CommandContext,
): Promise<Keeper | undefined> {
  if (store === "file") return undefined;
  const path = dockerConfigPath(context.env);
  const onWarning = (message: string): void => context.onEvent({ type: "warning", message });
  const config = path ? await readAuthFile(path, onWarning) : undefined;
  const helper = config && helperFor(config, registry);
  if (store === "docker") {
    if (!path) throw unavailable("docker's file", "neither HOME nor DOCKER_CONFIG is set", "--store file");
    if (helper === undefined) return { dockerConfig: path };
    throw unavailable(
      "docker's file",
      `docker asks its helper "${helper}" for ${registry}`,
      "--store helper",
    );
  }
  if (store === undefined || helper !== undefined) return helper === undefined ? undefined : { helper };
  const reason = `"${printable(path ?? "config.json")}" names none for ${registry}`;
  throw unavailable("a credential helper", reason, '{"credsStore": "pass"} there, or --store file');
}

/**
 * Has a login kept.
 *
 * @param keeper By whom.
 * @param login Registry, user and secret.
 * @param context Time and the end.
 * @throws {PusherError} `HELPER_FAILED`, `CONFIG_INVALID` or `OUTPUT_FAILED`.
 */
export async function keepLogin(
  keeper: Keeper,
  login: { registry: string; username: string; password: string },
  context: CommandContext,
): Promise<void> {
  const { username, password } = login;
  const server = serverOf(login.registry);
  if ("helper" in keeper) {
    await new CredentialHelper(keeper.helper, context).store(server, username, password);
  } else {
    await saveDockerLogin(keeper.dockerConfig, { server, username, secret: password });
  }
}

/**
 * Has a login forgotten.
 *
 * @param keeper By whom.
 * @param registry Canonical host.
 * @param context Time and the end.
 * @throws {PusherError} `HELPER_FAILED`, `CONFIG_INVALID` or `OUTPUT_FAILED`.
 */
export async function forgetLogin(keeper: Keeper, registry: string, context: CommandContext): Promise<void> {
  const server = serverOf(registry);
  if ("helper" in keeper) await new CredentialHelper(keeper.helper, context).erase(server);
  else await removeDockerLogin(keeper.dockerConfig, server);
}

function unavailable(what: string, reason: string, instead: string): PusherError {
  return new PusherError("USAGE", `Cannot keep a login in ${what}: ${reason}`, {
    detail: { option: "--store" },
    hint: `Use ${instead}.`,
  });
}
