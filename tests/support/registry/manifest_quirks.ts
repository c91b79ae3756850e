/** How registries differ from the spec in manifests and repositories. Each goes into the `do` of a fault. */

import type { Behaviour, RegistryExchange } from "./fault.ts";
import { readBody } from "./http_message.ts";
import { errorAnswer } from "./registry_answer.ts";

const FAMILY_REGEXP = /^application\/vnd\.(docker|oci)\./;

/**
 * Refuses manifests of some types.
 *
 * @param isRefused Decides by media type.
 * @param answer Status and code of the refusal.
 * @returns The behaviour, for `put-manifest`.
 */
export function refuseManifestType(
  isRefused: (mediaType: string) => boolean,
  { status = 400, code = "MANIFEST_INVALID" }: { status?: number; code?: string } = {},
): Behaviour {
  return ({ request }, next) => {
    const type = request.headers.get("content-type") ?? "";
    return isRefused(type)
      ? errorAnswer(status, code, { message: `manifest of type ${type} refused` })
      : next();
  };
}

/**
 * Refuses manifests whose config is of some type.
 *
 * @param mediaType The type.
 * @returns The behaviour, for `put-manifest`.
 */
export function refuseConfigType(mediaType: string): Behaviour {
  return async (exchange, next) => {
    const manifest = await peekJson(exchange);
    if (manifest?.config?.mediaType !== mediaType) return next();
    return errorAnswer(400, "MANIFEST_INVALID", { message: "unknown manifest class" });
  };
}

/**
 * Lets no tag be written twice, not even with the same manifest.
 *
 * @returns The behaviour, for `put-manifest`.
 */
export function keepTags(): Behaviour {
  return ({ store, route }, next) => {
    if (!store.find(route.repository)?.tags.has(route.name)) return next();
    const message =
      `The image tag '${route.name}' already exists and cannot be overwritten because it is immutable.`;
    return errorAnswer(400, "TAG_INVALID", { message });
  };
}

/**
 * Takes nothing into a repository that does not exist yet.
 *
 * @param onMissing Answers, or hangs up as ECR does.
 * @returns The behaviour, for `start-upload` and `mount`.
 */
export function wantRepository(onMissing: "answer" | "drop"): Behaviour {
  return (exchange, next) => {
    if (exchange.store.find(exchange.route.repository)) return next();
    if (onMissing === "drop") exchange.drop();
    return errorAnswer(404, "NAME_UNKNOWN", {
      message: `The repository with name '${exchange.route.repository}' does not exist in the registry`,
    });
  };
}

/**
 * Refuses a manifest whose `subject` is not there.
 *
 * @returns The behaviour, for `put-manifest`.
 */
export function wantSubject(): Behaviour {
  return async (exchange, next) => {
    const manifest = await peekJson(exchange);
    const digest = manifest?.subject?.digest;
    if (digest === undefined || exchange.store.find(exchange.route.repository)?.manifests.has(digest)) {
      return next();
    }
    return errorAnswer(400, "MANIFEST_BLOB_UNKNOWN", {
      message: "blob unknown to registry",
      detail: { digest },
    });
  };
}

/**
 * Refuses a manifest of another kind than those it names: all docker, or all OCI.
 *
 * @returns The behaviour, for `put-manifest`.
 */
export function wantOneFamily(): Behaviour {
  return async (exchange, next) => {
    const manifest = await peekJson(exchange);
    const named = [manifest?.config, ...(manifest?.layers ?? []), ...(manifest?.manifests ?? [])];
    const types = [exchange.request.headers.get("content-type"), ...named.map((each) => each?.mediaType)];
    const families = new Set(types.map((type) => FAMILY_REGEXP.exec(type ?? "")?.[1]).filter((each) => each));
    return families.size > 1
      ? errorAnswer(400, "MANIFEST_INVALID", { message: "manifest schema mismatch" })
      : next();
  };
}

// deno-lint-ignore no-explicit-any -- whatever a client sent
async function peekJson(exchange: RegistryExchange): Promise<any> {
  const bytes = await readBody(exchange.request.body, 16 * 2 ** 20);
  if (!bytes) exchange.drop();
  exchange.request = { ...exchange.request, body: once(bytes) };
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
