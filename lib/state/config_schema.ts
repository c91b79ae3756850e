import * as v from "valibot";
import { isPusherError } from "../errors.ts";
import { parseRegistry } from "../spec/reference.ts";
import { parseByteSize } from "../util/byte_size.ts";

/** Fewest and most blobs on their way at once. */
const CONCURRENCY = { least: 1, most: 64 };
/** Smallest and largest part of an upload. */
const CHUNK_BYTES = { least: 2 ** 20, most: 4 * 2 ** 30 };

const path = v.pipe(v.string(), v.nonEmpty("is empty"));
const paths = v.pipe(
  v.union([path, v.array(path)], "is neither a path nor a list of paths"),
  v.transform((value) => [value].flat()),
);

const registry = v.pipe(
  v.string(),
  v.check(isRegistry, "is no registry, or no path in one"),
  v.transform(parseRegistry),
);

const hostName = v.pipe(
  v.string(),
  v.check((name) => isRegistry(name) && parseRegistry(name).prefix === "", "is no host"),
);

const chunk = v.pipe(
  v.union([v.string(), v.number()], "is no size"),
  v.transform((value) => parseByteSize(String(value)) ?? NaN),
  v.check(
    (sizeBytes) => sizeBytes >= CHUNK_BYTES.least && sizeBytes <= CHUNK_BYTES.most,
    "is not a size from 1MiB to 4GiB",
  ),
);

const concurrency = v.pipe(
  v.number(),
  v.integer("is not a whole number"),
  v.minValue(CONCURRENCY.least, `is less than ${CONCURRENCY.least}`),
  v.maxValue(CONCURRENCY.most, `is more than ${CONCURRENCY.most}`),
);

/** What can be said of one host, and with other names of the sizes, of all. */
const connection = {
  plainHttp: v.optional(v.boolean()),
  insecureSkipTlsVerify: v.optional(v.boolean()),
  caFile: v.optional(paths),
  certFile: v.optional(path),
  keyFile: v.optional(path),
  concurrency: v.optional(concurrency),
};

const host = v.strictObject({
  ...connection,
  chunk: v.optional(chunk),
  strategy: v.optional(v.picklist(["auto", "chunked", "streamed", "single"])),
  mirrors: v.optional(v.array(registry)),
});

const flagValue = v.union([v.boolean(), v.string(), v.number()], "is no value of a flag");

const defaults = v.objectWithRest(
  { ...connection, blobChunk: v.optional(chunk) },
  v.union([flagValue, v.array(flagValue)], "is no value of a flag"),
);

/** A configuration file. */
export const configSchema = v.strictObject({
  defaults: v.optional(defaults, {}),
  hosts: v.optional(v.record(hostName, host), {}),
  rewrite: v.optional(v.array(v.strictObject({ from: registry, to: registry })), []),
});

/** Content of a configuration file. */
export type ConfigContent = v.InferOutput<typeof configSchema>;

/** What is said of one host. */
export type HostContent = v.InferOutput<typeof host>;

/** Names of the defaults that are said of all hosts, and are not just values of flags. */
export const CONNECTION_DEFAULTS: ReadonlySet<string> = new Set([...Object.keys(connection), "blobChunk"]);

function isRegistry(text: string): boolean {
  try {
    parseRegistry(text);
    return true;
  } catch (error) {
    if (!isPusherError(error)) throw error;
    return false;
  }
}
