/**
 * Lists of tags, of repositories, and of what refers to a manifest.
 *
 * @module
 */

import { isDigest } from "../spec/digest.ts";
import { MEDIA_TYPE } from "../spec/media_type.ts";
import { errorAnswer, jsonAnswer } from "./registry_answer.ts";
import type { RegistryCall } from "./registry_route.ts";
import type { RegistryStore } from "./registry_store.ts";

/** A part of a list. */
interface Page {
  /** What is on it. */
  names: readonly string[];
  /** Says where the next page is, if there is one. */
  headers: Record<string, string>;
}

/**
 * Lists the tags of a repository.
 *
 * @param call Which repository; may ask for a page by `n` and `last`.
 * @param store Where it is.
 * @returns 200 with the tags in order, 400, or 404.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags
 */
export async function listTags(call: RegistryCall, store: RegistryStore): Promise<Response> {
  const { repository } = call;
  const tags = await store.tags(repository);
  if (!tags) return errorAnswer(404, "NAME_UNKNOWN", { detail: { name: repository } });
  const page = pageOf(tags, call);
  return page ? jsonAnswer({ name: repository, tags: page.names }, page) : badNumber();
}

/**
 * Lists the repositories.
 *
 * @param call May ask for a page by `n` and `last`.
 * @param store Where they are.
 * @returns 200 with their names in order, or 400.
 */
export async function listRepositories(call: RegistryCall, store: RegistryStore): Promise<Response> {
  const page = pageOf(await store.repositories(), call);
  return page ? jsonAnswer({ repositories: page.names }, page) : badNumber();
}

/**
 * Lists what refers to a manifest.
 *
 * @param call Digest of the manifest; may ask for one `artifactType`.
 * @param store Where it would be.
 * @returns 200 with an index, possibly empty, or 400.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
 */
export async function listReferrers(
  { repository, name, query }: RegistryCall,
  store: RegistryStore,
): Promise<Response> {
  if (!isDigest(name)) return errorAnswer(400, "DIGEST_INVALID", { detail: { digest: name } });
  const wanted = query.get("artifactType");
  const all = await store.referrers(repository, name);
  const manifests = wanted === null ? all : all.filter(({ artifactType }) => artifactType === wanted);
  return jsonAnswer({ schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests }, {
    headers: {
      "Content-Type": MEDIA_TYPE.ociIndex,
      ...(wanted === null ? {} : { "OCI-Filters-Applied": "artifactType" }),
    },
  });
}

/** `undefined` if it is asked for a page of no size. */
function pageOf(all: readonly string[], { path, query }: RegistryCall): Page | undefined {
  const count = query.get("n");
  if (count !== null && !/^\d+$/.test(count)) return undefined;
  const last = query.get("last") ?? "";
  const rest = [...all].sort().filter((name) => name > last);
  const names = count === null ? rest : rest.slice(0, Number(count));
  const isCut = names.length > 0 && names.length < rest.length;
  const next = `${path}?n=${count}&last=${encodeURIComponent(names.at(-1) ?? "")}`;
  return { names, headers: isCut ? { "Link": `<${next}>; rel="next"` } : {} };
}

function badNumber(): Response {
  return errorAnswer(400, "PAGINATION_NUMBER_INVALID", { message: "n is not a number of entries" });
}
