import type { Digest } from "../spec/digest.ts";

/** How a layout calls the files of its blobs. */
export type BlobNaming = (digest: Digest) => readonly [string, ...string[]];

/**
 * Names a blob of an OCI image layout.
 *
 * @param digest Its digest.
 * @returns `blobs/<algorithm>/<hex>`.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md#blobs
 */
export function ociBlobNames(digest: Digest): [string] {
  return [`blobs/${digest.replace(":", "/")}`];
}

/**
 * Makes the names of blobs in a directory that podman and skopeo call `dir:`: bare hexadecimal digits, with a suffix for
 * the manifests that a list names.
 *
 * @param root Digest of `manifest.json`, the one blob with a name of its own.
 * @returns The names a blob may have.
 * @see https://github.com/podman-container-tools/container-libs/blob/main/image/directory/directory_transport.go
 */
export function dirBlobNames(root: Digest): BlobNaming {
  return (digest) => {
    const hex = digest.slice(digest.indexOf(":") + 1);
    return digest === root ? ["manifest.json"] : [hex, `${hex}.manifest.json`];
  };
}
