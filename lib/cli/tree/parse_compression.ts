import { PusherError } from "../../errors.ts";
import type { CompressionMethod } from "../../util/compressor_pool.ts";
import { closestWord } from "../../util/edit_distance.ts";
import { printable } from "../../util/printable.ts";

const METHOD_REGEXP = /^(gzip|zstd)(?::([1-9]|1\d))?$/;

/** gzip's takes the time that skopeo takes, for 4 % more bytes; zstd's is the usual one. */
const DEFAULT_LEVELS: Readonly<Record<CompressionMethod["format"], number>> = { gzip: 2, zstd: 3 };
const MAX_GZIP_LEVEL = 9;

/**
 * Reads the value of `--compress`.
 *
 * @param text `none`, `gzip` or `zstd`, or one of these with a level.
 * @returns The method; `undefined` for none.
 * @throws {PusherError} `USAGE` if it is anything else.
 */
export function parseCompression(text: string): CompressionMethod | undefined {
  if (text === "none") return undefined;
  const [, format, digits] = METHOD_REGEXP.exec(text) ?? [];
  if (format === "gzip" || format === "zstd") {
    const level = Number(digits ?? DEFAULT_LEVELS[format]);
    if (format === "zstd" || level <= MAX_GZIP_LEVEL) return { format, level };
  }
  const name = text.replace(/:.*$/, "");
  const meant = closestWord(name, ["none", ...Object.keys(DEFAULT_LEVELS)]);
  throw new PusherError(
    "USAGE",
    `Cannot use --compress "${
      printable(text)
    }": it is not none, gzip, gzip:1 to gzip:9, zstd, or zstd:1 to zstd:19`,
    {
      detail: { option: "--compress" },
      hint: meant !== undefined && meant !== name
        ? `Did you mean ${meant}?`
        : "Give gzip, which every tool reads, or zstd, which is faster and smaller.",
    },
  );
}
