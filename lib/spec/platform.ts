/**
 * What an image runs on.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md#image-index-property-descriptions
 */
export interface Platform {
  /** For example `linux`. */
  os: string;
  /** In Go's words, for example `amd64`. */
  architecture: string;
  /** Of the CPU, for example `v7`. */
  variant?: string | undefined;
  /** Of Windows, for example `10.0.20348.1129`. */
  "os.version"?: string | undefined;
  /** Of Windows, for example `win32k`. */
  "os.features"?: string[] | undefined;
}

/** Names of architectures that say the same, and the variants that come with them. */
const ARCHITECTURES: Readonly<Record<string, { architecture: string; variant?: string }>> = {
  i386: { architecture: "386" },
  x86_64: { architecture: "amd64" },
  "x86-64": { architecture: "amd64" },
  aarch64: { architecture: "arm64" },
  armhf: { architecture: "arm", variant: "v7" },
  armel: { architecture: "arm", variant: "v6" },
};

/** Variants that go without saying. */
const DEFAULT_VARIANTS: Readonly<Record<string, string>> = { amd64: "v1", arm64: "v8" };

const PLATFORM_REGEXP = /^[a-z0-9_.-]+\/[a-z0-9_.-]+(?:\/[a-z0-9_.-]+)?$/i;

/**
 * Reads a platform as users write it.
 *
 * @param text For example `linux/arm64` or `linux/arm/v7`.
 * @returns The platform, normalized; `undefined` if it is none.
 *
 * @example Usage
 * ```ts
 * import { formatPlatform, parsePlatform } from "./platform.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(formatPlatform(parsePlatform("linux/aarch64")!), "linux/arm64");
 * assert.equal(parsePlatform("arm64"), undefined);
 * ```
 */
export function parsePlatform(text: string): Platform | undefined {
  if (!PLATFORM_REGEXP.test(text)) return undefined;
  const [os = "", architecture = "", variant] = text.split("/");
  return normalizePlatform({ os, architecture, variant });
}

/**
 * Writes a platform in the one way that says the same, as containerd does: `linux/aarch64` and `linux/arm64/v8` are
 * `linux/arm64`, `linux/arm` is `linux/arm/v7`.
 *
 * @param platform A platform.
 * @returns The same, in lower case.
 * @see https://github.com/containerd/platforms/blob/v1.0.0/database.go
 */
export function normalizePlatform(platform: Platform): Platform {
  const os = platform.os.toLowerCase();
  const named = platform.architecture.toLowerCase();
  const { architecture, variant: implied } = ARCHITECTURES[named] ?? { architecture: named };
  const given = implied ?? platform.variant?.toLowerCase().replace(/^(?=\d)/, "v");
  const variant = architecture === "arm" ? given || "v7" : given;
  return {
    ...platform,
    os: os === "macos" ? "darwin" : os,
    architecture,
    variant: variant && variant !== DEFAULT_VARIANTS[architecture] ? variant : undefined,
  };
}

/**
 * Whether two platforms say the same, versions of Windows apart.
 *
 * @param a A platform.
 * @param b A platform.
 * @returns Whether programs for the one are programs for the other.
 */
export function isSamePlatform(a: Platform, b: Platform): boolean {
  return formatPlatform(normalizePlatform(a)) === formatPlatform(normalizePlatform(b));
}

/**
 * Writes a platform as docker does.
 *
 * @param platform A platform.
 * @returns For example `linux/arm/v7`.
 */
export function formatPlatform(platform: Platform): string {
  const { os, architecture, variant } = platform;
  return [os, architecture, variant].filter((part) => part).join("/");
}
