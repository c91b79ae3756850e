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
