/**
 * What a repository lists: its tags, and what refers to a manifest of it.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#content-discovery
 *
 * @module
 */

import * as v from "valibot";
import type { PusherError } from "../errors.ts";
import type { Descriptor } from "../spec/descriptor.ts";
import type { Digest } from "../spec/digest.ts";
import { parseDocument, parseImageIndex } from "../spec/documents.ts";
import { MEDIA_TYPE } from "../spec/media_type.ts";
import { isTag } from "../spec/reference.ts";
import { readPagedList } from "./paged_list.ts";
import { discard, type Exchange, type RegistryRequest } from "./registry_request.ts";

/** What is asked for at once: Amazon gives no more, and distribution refuses to. */
const TAGS_PER_PAGE = 1_000;

const tagListSchema = v.object({ tags: v.nullish(v.array(v.string()), []) });

/** A repository, as far as its lists are concerned. */
export interface ListAccess {
  /** For people. */
  name: string;
  /** Makes a request for something below the repository. */
  request: (path: string, headers?: Record<string, string>) => RegistryRequest;
  /** Sends it. */
  exchange: Exchange;
  /** Makes the error of an answer. */
  failure: (response: Response, request: RegistryRequest, action: string) => Promise<PusherError>;
}

/**
 * Lists the tags of a repository, without what cannot be one.
 *
 * @param repository Which.
 * @returns All tags, in the order of the registry; `undefined` if there is no such repository.
 * @throws {PusherError} As the registry or the network failed, and as {@linkcode readPagedList}.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags
 */
export async function listTags(repository: ListAccess): Promise<string[] | undefined> {
  const name = `the tags of "${repository.name}"`;
  return await readPagedList(repository.request(`tags/list?n=${TAGS_PER_PAGE}`), {
    name,
    ask: (request) => askList(request, name, repository),
    parse: (bytes) => parseDocument(tagListSchema, bytes).tags.filter(isTag),
  });
}

/**
 * Lists what refers to a manifest.
 *
 * @param subject Digest of the manifest; it need not be there.
 * @param repository Where.
 * @returns What refers to it; `undefined` if the registry keeps no such lists.
 * @throws {PusherError} As the registry or the network failed, and as {@linkcode readPagedList}.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
 */
export async function listReferrers(
  subject: Digest,
  repository: ListAccess,
): Promise<Descriptor[] | undefined> {
  const name = `what refers to "${repository.name}@${subject}"`;
  return await readPagedList(repository.request(`referrers/${subject}`, { accept: MEDIA_TYPE.ociIndex }), {
    name,
    ask: async (request) => {
      const response = await askList(request, name, repository);
      if (response?.headers.get("content-type")?.startsWith(MEDIA_TYPE.ociIndex)) return response;
      // Where this is not known, it may be anything else: GitHub, for one, leads to a page.
      if (response) await discard(response);
      return undefined;
    },
    parse: (bytes) => parseImageIndex(bytes).manifests,
  });
}

async function askList(
  request: RegistryRequest,
  name: string,
  { exchange, failure }: ListAccess,
): Promise<Response | undefined> {
  const response = await exchange(request);
  if (response.status === 200) return response;
  if (response.status !== 404 && response.status !== 405) {
    throw await failure(response, request, `list ${name}`);
  }
  await discard(response);
  return undefined;
}
