/** What this program knows the values of: images of the local runtime, registries and targets of the past. */
export const KNOWN_VALUES = ["images", "registries", "targets"] as const;

/** One of {@linkcode KNOWN_VALUES}. */
export type KnownValues = typeof KNOWN_VALUES[number];

/** Where the values of an option or argument come from: files on disk, or what this program knows. */
export type ValueSource = "files" | "directories" | "archives" | KnownValues;

/** By the word that stands for a value in help. */
const SOURCES: Readonly<Record<string, ValueSource>> = {
  "archive": "archives",
  "archives": "archives",
  "dir": "directories",
  "dst": "targets",
  "file": "files",
  "host/path": "registries",
  "images": "images",
  "reference": "targets",
  "references": "targets",
  "registry": "registries",
  "src": "targets",
  "targets": "targets",
};

/** What users are likely to want of values that cannot all be listed. */
const LIKELY_WORDS: Readonly<Record<string, readonly string[]>> = {
  "method": ["none", "gzip", "zstd"],
  "platforms": ["linux/amd64", "linux/arm64", "linux/arm/v7", "linux/386", "linux/ppc64le", "linux/s390x"],
};

/** Endings of what tools call image archives. */
export const ARCHIVE_ENDINGS = [
  ".tar",
  ".tar.gz",
  ".tgz",
  ".tar.zst",
  ".tar.xz",
  ".txz",
  ".tar.bz2",
  ".tar.lz4",
] as const;

/** What can stand for a value. */
export interface Values {
  /** Where to look. */
  sources: readonly ValueSource[];
  /** What to offer as it is. */
  words: readonly string[];
}

/**
 * Finds out what can stand for the value of an option or argument.
 *
 * @param name What stands for it in help, with `|` between what it may be.
 * @param choices The only values it may have, if there are such.
 * @returns Where its values come from; nowhere for free text.
 */
export function valuesOf(name: string, choices: readonly string[] = []): Values {
  if (choices.length > 0) return { sources: [], words: choices };
  const names = name.split("|");
  return {
    sources: names.flatMap((each) => SOURCES[each] ?? []),
    words: names.flatMap((each) => LIKELY_WORDS[each] ?? []),
  };
}
