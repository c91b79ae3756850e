import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { unpackTar } from "modern-tar";
import PINS from "./deno_executables.json" with { type: "json" };
import { findNpmRegistry } from "./npm_registry.ts";

/** A system and processor that there are builds for. */
export type BuildPlatform = keyof typeof PINS;

/** All of them. */
export const BUILD_PLATFORMS: readonly BuildPlatform[] = Object.keys(PINS) as BuildPlatform[];

/** The package on npm that has the official executable of Deno. */
export interface DenoPin {
  /** Its name. */
  package: string;
  /** Its version, which is Deno's. */
  version: string;
  /** `sha512-` and base64 of its archive. */
  integrity: string;
  /** What Deno calls the platform. */
  target: string;
}

/**
 * Says which executable of Deno belongs to a platform.
 *
 * @param platform Which.
 * @returns The pinned package.
 */
export function denoPin(platform: BuildPlatform): DenoPin {
  return PINS[platform];
}

/**
 * Fetches the official executable of Deno from npm, once: its archive is kept in the user's cache.
 *
 * @param platform For which system.
 * @returns The executable.
 * @throws {Error} If the registry cannot be reached, or what it has is not what was pinned.
 */
export async function fetchDeno(platform: BuildPlatform): Promise<Uint8Array> {
  const pin = denoPin(platform);
  const archive = await fetchArchive(pin);
  const name = platform.startsWith("windows") ? "package/deno.exe" : "package/deno";
  const entry = (await unpackTar(gunzipSync(archive))).find(({ header }) => header.name === name);
  if (!entry?.data) throw new Error(`Cannot take Deno from "${pin.package}": it has no ${name}`);
  return entry.data;
}

/**
 * Fetches the archive that has the executable, unless it is kept already.
 *
 * @param pin Which.
 * @param env Variables: they say where the registry and the cache are.
 * @returns The archive.
 * @throws {Error} If the registry cannot be reached (with the cause), or what it has is not what was pinned.
 */
export async function fetchArchive(
  pin: DenoPin,
  env: Readonly<Record<string, string>> = Deno.env.toObject(),
): Promise<Uint8Array> {
  return await cachedArchive(pin, cacheDir(env)) ?? await download(pin, env);
}

async function cachedArchive(pin: DenoPin, dir: string): Promise<Uint8Array | undefined> {
  try {
    const archive = await Deno.readFile(`${dir}/${archiveName(pin)}`);
    return integrityOf(archive) === pin.integrity ? archive : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function download(pin: DenoPin, env: Readonly<Record<string, string>>): Promise<Uint8Array> {
  const registry = await findNpmRegistry(env);
  const url = `${registry.url}${pin.package}/-/${archiveName(pin)}`;
  const headers: HeadersInit = registry.authorization ? { authorization: registry.authorization } : {};
  const response = await fetch(url, { headers }).catch((error) => {
    throw new Error(`Cannot download "${url}": ${error.message}`, { cause: error });
  });
  if (!response.ok) throw new Error(`Cannot download "${url}": the registry answered ${response.status}`);
  const archive = await response.bytes();
  const integrity = integrityOf(archive);
  if (integrity !== pin.integrity) {
    throw new Error(`Cannot use "${url}": its integrity is ${integrity}, not the pinned ${pin.integrity}`);
  }
  const dir = cacheDir(env);
  await Deno.mkdir(dir, { recursive: true });
  const part = await Deno.makeTempFile({ dir });
  await Deno.writeFile(part, archive);
  await Deno.rename(part, `${dir}/${archiveName(pin)}`);
  return archive;
}

function archiveName({ package: name, version }: DenoPin): string {
  return `${name.split("/")[1]}-${version}.tgz`;
}

function cacheDir(env: Readonly<Record<string, string>>): string {
  const cache = env["XDG_CACHE_HOME"] ?? `${env["HOME"] ?? env["USERPROFILE"]}/.cache`;
  return `${cache}/docker-image-pusher/deno-executables`;
}

function integrityOf(archive: Uint8Array): string {
  return `sha512-${createHash("sha512").update(archive).digest("base64")}`;
}
