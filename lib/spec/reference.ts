import { PusherError } from "../errors.ts";
import { printable } from "../util/printable.ts";
import { type Digest, isDigest } from "./digest.ts";

/** Where an image lives: registry, repository, and a tag or digest within it. */
export interface Reference {
  /** Host, with port if any, for example `docker.io` or `localhost:5000`. */
  registry: string;
  /** Path within the registry, for example `library/nginx`. */
  repository: string;
  /** Tag, if one is named. */
  tag?: string | undefined;
  /** Digest, if one is named; it decides where both are. */
  digest?: Digest | undefined;
}

const DOMAIN_LABEL = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
const REGISTRY_REGEXP = new RegExp(
  `^(?:${DOMAIN_LABEL}(?:\\.${DOMAIN_LABEL})*|\\[(?:[a-fA-F0-9:]+)\\])(?::[0-9]+)?$`,
);
const PATH_PART = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const REPOSITORY_REGEXP = new RegExp(`^${PATH_PART}(?:/${PATH_PART})*$`);
const TAG_REGEXP = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const SCHEME_REGEXP = /^[a-z][a-z0-9+-]*:\/\//i;
const HEX_ID_REGEXP = /^[0-9a-f]{64}$/;

/** The registry that names without a host belong to. */
export const DOCKER_HUB = "docker.io";

/** Longest repository path. */
const MAX_REPOSITORY_LENGTH = 255;

/**
 * Reads an image reference by docker's rules: `nginx` is `docker.io/library/nginx`. Nothing is
 * added where no tag is named; {@linkcode withDefaultTag} does that.
 *
 * @param text For example `registry.example.com:5000/team/app:1.2`.
 * @returns Its parts.
 * @throws {PusherError} `REFERENCE_INVALID`, with what is wrong and how to write it.
 * @see https://github.com/distribution/reference
 *
 * @example Usage
 * ```ts
 * import { parseReference } from "./reference.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(parseReference("nginx:1.27"), {
 *   registry: "docker.io",
 *   repository: "library/nginx",
 *   tag: "1.27",
 *   digest: undefined,
 * });
 * ```
 */
export function parseReference(text: string): Reference {
  const [name, digest] = splitOnce(text, "@");
  if (digest !== undefined && !isDigest(digest)) {
    throw invalid(text, "the digest is not sha256:<64 hex> or sha512:<128 hex>");
  }
  assertNoScheme(text);
  if (HEX_ID_REGEXP.test(name)) throw invalid(text, "64 hexadecimal digits are an image ID, not a name");
  const slash = name.indexOf("/");
  const first = name.slice(0, Math.max(slash, 0));
  const isHost = first === "localhost" || /[.:A-Z]/.test(first);
  const registry = isHost ? canonicalRegistry(first) : DOCKER_HUB;
  const [path, tag] = splitOnce(isHost ? name.slice(slash + 1) : name, ":");
  if (!isRegistry(registry)) throw invalid(text, `"${printable(registry)}" is not a host`);
  if (tag !== undefined && !TAG_REGEXP.test(tag)) {
    throw invalid(
      text,
      `"${printable(tag)}" is not a tag`,
      "Tags hold letters, digits, _ . - and at most 128 of them.",
    );
  }
  if (!isRepository(path)) throw invalid(text, repositoryFault(path));
  const isFamiliar = registry === DOCKER_HUB && !path.includes("/");
  const repository = isFamiliar ? `library/${path}` : path;
  if (!isRepository(repository)) throw invalid(text, repositoryFault(repository));
  return { registry, repository, tag, digest };
}

/**
 * Reads a registry with an optional path: what `--registry` and `login` take.
 *
 * @param text For example `registry.example.com:5000/team`.
 * @returns Host and path; the path is empty if none is named.
 * @throws {PusherError} `REFERENCE_INVALID`.
 */
export function parseRegistry(text: string): { registry: string; prefix: string } {
  const [host, path] = splitOnce(text.replace(/\/+$/, ""), "/");
  assertNoScheme(text);
  if (!isRegistry(host)) throw invalid(text, `"${printable(host)}" is not a host`);
  if (path !== undefined && !isRepository(path)) throw invalid(text, repositoryFault(path));
  return { registry: canonicalRegistry(host), prefix: path ?? "" };
}

/**
 * Writes a reference in full.
 *
 * @param reference A reference.
 * @returns For example `docker.io/library/nginx:1.27@sha256:…`.
 */
export function formatReference(reference: Reference): string {
  const { tag, digest } = reference;
  return `${formatRepository(reference)}${tag ? `:${tag}` : ""}${digest ? `@${digest}` : ""}`;
}

/**
 * Writes registry and repository.
 *
 * @param reference A reference.
 * @returns For example `docker.io/library/nginx`.
 */
export function formatRepository(reference: Pick<Reference, "registry" | "repository">): string {
  return `${reference.registry}/${reference.repository}`;
}

/**
 * Adds `latest` where neither tag nor digest is named.
 *
 * @param reference A reference.
 * @returns The same, with a tag or a digest.
 */
export function withDefaultTag(reference: Reference): Reference {
  return reference.tag || reference.digest ? reference : { ...reference, tag: "latest" };
}

/**
 * Whether text can stand as a tag.
 *
 * @param text Text of any origin.
 * @returns Whether it can.
 */
export function isTag(text: string): boolean {
  return TAG_REGEXP.test(text);
}

/** The grammar is wider than what can be connected to: it lets ports above 65535 and impossible addresses through. */
function isRegistry(text: string): boolean {
  return REGISTRY_REGEXP.test(text) && URL.canParse(`https://${text}/`);
}

/**
 * Whether text can stand as the path of a repository.
 *
 * @param text Text of any origin.
 * @returns Whether it can.
 */
export function isRepository(text: string): boolean {
  return REPOSITORY_REGEXP.test(text) && text.length <= MAX_REPOSITORY_LENGTH;
}

function canonicalRegistry(host: string): string {
  return host === "index.docker.io" || host === "registry-1.docker.io" ? DOCKER_HUB : host;
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function repositoryFault(repository: string): string {
  if (repository === "") return "it names no repository";
  if (repository.length > MAX_REPOSITORY_LENGTH) {
    return `the repository is longer than ${MAX_REPOSITORY_LENGTH} characters`;
  }
  if (isRepository(repository.toLowerCase())) return "repository names are lower case";
  return `"${printable(repository)}" is not a repository name`;
}

function assertNoScheme(text: string): void {
  const [scheme] = SCHEME_REGEXP.exec(text) ?? [];
  if (scheme) throw invalid(text, "it has a scheme", `Leave out ${scheme}.`);
}

function invalid(text: string, reason: string, hint?: string): PusherError {
  return new PusherError(
    "REFERENCE_INVALID",
    `Cannot read "${printable(text)}" as an image reference: ${reason}`,
    {
      detail: { reference: text },
      hint: hint ?? "Write it like registry.example.com/team/app:1.0.",
    },
  );
}
