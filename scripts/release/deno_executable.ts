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
  const archive = await cachedArchive(pin) ?? await download(pin);
  const name = platform.startsWith("windows") ? "package/deno.exe" : "package/deno";
  const entry = (await unpackTar(gunzipSync(archive))).find(({ header }) => header.name === name);
  if (!entry?.data) throw new Error(`Cannot take Deno from "${pin.package}": it has no ${name}`);
  return entry.data;
}

async function cachedArchive(pin: DenoPin): Promise<Uint8Array | undefined> {
  try {
    const archive = await Deno.readFile(`${cacheDir()}/${archiveName(pin)}`);
    return integrityOf(archive) === pin.integrity ? archive : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function download(pin: DenoPin): Promise<Uint8Array> {
  const url = `${await findNpmRegistry()}${pin.package}/-/${archiveName(pin)}`;
  const response = await fetch(url).catch((error) => {
    throw new Error(`Cannot download "${url}": ${error.message}`, { cause: error });
  });
  if (!response.ok) throw new Error(`Cannot download "${url}": the registry answered ${response.status}`);
  const archive = await response.bytes();
  const integrity = integrityOf(archive);
  if (integrity !== pin.integrity) {
    throw new Error(`Cannot use "${url}": its integrity is ${integrity}, not the pinned ${pin.integrity}`);
  }
  await Deno.mkdir(cacheDir(), { recursive: true });
  const part = await Deno.makeTempFile({ dir: cacheDir() });
  await Deno.writeFile(part, archive);
  await Deno.rename(part, `${cacheDir()}/${archiveName(pin)}`);
  return archive;
}

function archiveName({ package: name, version }: DenoPin): string {
  return `${name.split("/")[1]}-${version}.tgz`;
}

function cacheDir(): string {
  const home = Deno.env.get("HOME") ?? Deno.env.get("USERPROFILE");
  return `${Deno.env.get("XDG_CACHE_HOME") ?? `${home}/.cache`}/docker-image-pusher/deno-executables`;
}

function integrityOf(archive: Uint8Array): string {
  return `sha512-${createHash("sha512").update(archive).digest("base64")}`;
}
