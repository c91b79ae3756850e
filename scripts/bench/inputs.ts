/**
 * Archives to push, as docker 25 saves them: readable as an OCI image layout too, so that every tool can take them.
 *
 * @module
 */

import { MEDIA_TYPE } from "../../lib/spec/media_type.ts";
import { createSha256, sha256Hex } from "../../lib/util/sha256.ts";
import { tarHeader } from "../../tests/support/archives.ts";

const BLOCK_BYTES = 512;
const MIB = 2 ** 20;
/** What `crypto.getRandomValues` gives at once. */
const RANDOM_BYTES = 2 ** 16;

/**
 * One layer: random bytes cannot be compressed, text can, a hole takes no room on the disk, and a program is what most
 * layers are full of.
 */
export interface LayerInput {
  /** What it is made of. */
  kind: "random" | "text" | "hole" | "program";
  /** How large it is; a multiple of 1 MiB. */
  sizeBytes: number;
}

interface Blob {
  digest: `sha256:${string}`;
  size: number;
}

/**
 * Writes an archive with one image.
 *
 * @param path Where.
 * @param name Its name, with a tag.
 * @param layers What it consists of.
 */
export async function writeInput(path: string, name: string, layers: readonly LayerInput[]): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  const written: Blob[] = [];
  for (const layer of layers) written.push(await writeLayer(file, layer));
  const config = await writeBlob(file, {
    architecture: "amd64",
    os: "linux",
    config: {},
    rootfs: { type: "layers", diff_ids: written.map(({ digest }) => digest) },
  });
  const manifest = await writeBlob(file, {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociManifest,
    config: { mediaType: MEDIA_TYPE.ociConfig, ...config },
    layers: written.map((blob) => ({ mediaType: MEDIA_TYPE.ociLayer, ...blob })),
  });
  const tag = name.slice(name.indexOf(":") + 1);
  await writeEntry(file, "index.json", {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociIndex,
    manifests: [{
      mediaType: MEDIA_TYPE.ociManifest,
      ...manifest,
      annotations: { "org.opencontainers.image.ref.name": tag },
    }],
  });
  await writeEntry(file, "oci-layout", { imageLayoutVersion: "1.0.0" });
  await writeEntry(file, "manifest.json", [
    { Config: blobPath(config), RepoTags: [name], Layers: written.map(blobPath) },
  ]);
  await writeAll(file, new Uint8Array(2 * BLOCK_BYTES));
}

/** The header comes last, since it holds the digest. */
async function writeLayer(file: Deno.FsFile, { kind, sizeBytes }: LayerInput): Promise<Blob> {
  const start = await file.seek(0, Deno.SeekMode.Current);
  await file.seek(BLOCK_BYTES, Deno.SeekMode.Current);
  const hash = await createSha256();
  const chunk = new Uint8Array(MIB);
  for (let at = 0; at < sizeBytes; at += MIB) {
    if (kind === "random") fillRandom(chunk);
    else if (kind === "text") fillText(chunk, at);
    else if (kind === "program") await fillProgram(chunk, at);
    hash.update(chunk);
    if (kind === "hole") await file.seek(MIB, Deno.SeekMode.Current);
    else await writeAll(file, chunk);
  }
  const blob: Blob = { digest: `sha256:${hash.hex()}`, size: sizeBytes };
  await file.seek(start, Deno.SeekMode.Start);
  await writeAll(file, tarHeader({ name: blobPath(blob), sizeBytes }));
  await file.seek(sizeBytes, Deno.SeekMode.Current);
  return blob;
}

async function writeBlob(file: Deno.FsFile, document: unknown): Promise<Blob> {
  const bytes = new TextEncoder().encode(JSON.stringify(document));
  const blob: Blob = { digest: `sha256:${await sha256Hex(bytes)}`, size: bytes.length };
  await writeEntry(file, blobPath(blob), document);
  return blob;
}

async function writeEntry(file: Deno.FsFile, name: string, document: unknown): Promise<void> {
  const body = new TextEncoder().encode(JSON.stringify(document));
  await writeAll(file, tarHeader({ name, body }));
  await writeAll(file, body);
  await writeAll(file, new Uint8Array(-body.length & (BLOCK_BYTES - 1)));
}

function blobPath({ digest }: Blob): string {
  return `blobs/sha256/${digest.slice("sha256:".length)}`;
}

function fillRandom(chunk: Uint8Array<ArrayBuffer>): void {
  for (let at = 0; at < chunk.length; at += RANDOM_BYTES) {
    crypto.getRandomValues(chunk.subarray(at, at + RANDOM_BYTES));
  }
}

function fillText(chunk: Uint8Array<ArrayBuffer>, offsetBytes: number): void {
  const encoder = new TextEncoder();
  for (let at = 0; at < chunk.length;) {
    const line = `/usr/share/doc/package-${(offsetBytes + at) % 9973}/copyright\t${offsetBytes + at}\n`;
    at += encoder.encodeInto(line, chunk.subarray(at)).written;
  }
}

/** The runtime itself, again and again. */
async function fillProgram(chunk: Uint8Array<ArrayBuffer>, offsetBytes: number): Promise<void> {
  using file = await Deno.open(Deno.execPath());
  const { size } = await file.stat();
  await file.seek(offsetBytes % (size - chunk.length), Deno.SeekMode.Start);
  for (let read = 0; read < chunk.length;) read += await file.read(chunk.subarray(read)) ?? 0;
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await file.write(bytes.subarray(written));
}
