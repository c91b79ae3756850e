/**
 * Builds archives for tests: tar files with control over every header, and image layouts as docker, podman, crane and
 * the OCI tools write them.
 *
 * @module
 */

import type { ImageArchive } from "../../lib/archive/image_archive.ts";
import { openArchive } from "../../lib/archive/open_archive.ts";
import type { SeekableBytes } from "../../lib/archive/seekable_bytes.ts";
import type { Descriptor } from "../../lib/spec/descriptor.ts";
import { digestOf } from "../../lib/spec/digest.ts";
import { MEDIA_TYPE } from "../../lib/spec/media_type.ts";
import type { Platform } from "../../lib/spec/platform.ts";
import { makeTempDir } from "./temp_dir.ts";

const BLOCK_BYTES = 512;

/** One header with its body. */
export interface TarMember {
  name: string;
  body?: Uint8Array | string;
  /** One character. @default {"0"} */
  type?: string;
  linkTarget?: string;
  /** What the header claims instead of the body's length. */
  sizeBytes?: number;
  /** @default {"octal"} */
  sizeFormat?: "octal" | "octal12" | "base256";
  /** @default {"ustar"} */
  format?: "ustar" | "gnu" | "v7";
  /** The part of the name that goes before it, in ustar format. */
  prefix?: string;
  /** Records of a PAX header put before it. */
  pax?: Record<string, string>;
  /** Changes the header before its checksum is made. */
  patch?: (header: Uint8Array) => void;
}

/** Writes a tar file; `endBlocks` is how many blocks of zeros end it, two by default. */
export function tarBytes(members: readonly TarMember[], { endBlocks = 2 } = {}): Uint8Array<ArrayBuffer> {
  const parts = members.flatMap((member) => {
    const { pax } = member;
    const extended = pax ? tarParts({ name: "PaxHeaders/x", type: "x", body: paxRecords(pax) }) : [];
    return [...extended, ...tarParts(member)];
  });
  return concatBytes([...parts, new Uint8Array(endBlocks * BLOCK_BYTES)]);
}

function tarParts(member: TarMember): Uint8Array[] {
  const body = toBytes(member.body ?? "");
  return [tarHeader(member), body, new Uint8Array(-body.length & (BLOCK_BYTES - 1))];
}

/** Writes one header block. */
export function tarHeader(member: TarMember): Uint8Array<ArrayBuffer> {
  const { name, body = "", type = "0", linkTarget = "", format = "ustar", prefix = "" } = member;
  const header = new Uint8Array(BLOCK_BYTES);
  header.set(toBytes(name).subarray(0, 100), 0);
  header.set(toBytes("0000644\0" + "0000000\0" + "0000000\0"), 100);
  header.set(sizeField(member.sizeBytes ?? toBytes(body).length, member.sizeFormat), 124);
  header.set(toBytes("00000000000\0"), 136);
  header.set(toBytes(type), 156);
  header.set(toBytes(linkTarget).subarray(0, 100), 157);
  header.set(toBytes({ ustar: "ustar\0" + "00", gnu: "ustar  \0", v7: "" }[format]), 257);
  header.set(toBytes(prefix), 345);
  member.patch?.(header);
  header.fill(0x20, 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.set(toBytes(sum.toString(8).padStart(6, "0") + "\0 "), 148);
  return header;
}

function sizeField(sizeBytes: number, format: TarMember["sizeFormat"] = "octal"): Uint8Array {
  if (format === "octal12") return toBytes(sizeBytes.toString(8).padStart(12, "0"));
  if (format === "octal") return toBytes(sizeBytes.toString(8).padStart(11, "0") + "\0");
  const field = new Uint8Array(12);
  let rest = BigInt(sizeBytes);
  for (let at = field.length - 1; at >= 0; at--, rest >>= 8n) field[at] = Number(rest & 0xffn);
  field[0]! |= 0x80;
  return field;
}

/** Writes PAX records, each with the length of itself. */
export function paxRecords(records: Record<string, string>): Uint8Array {
  return concatBytes(
    Object.entries(records).map(([keyword, value]) => {
      const rest = toBytes(` ${keyword}=${value}\n`);
      let lengthBytes = rest.length + 1;
      while (String(lengthBytes).length + rest.length !== lengthBytes) lengthBytes++;
      return concatBytes([toBytes(String(lengthBytes)), rest]);
    }),
  );
}

/** A file in memory that counts how it is read. */
export interface MemoryBytes extends SeekableBytes {
  reads: number;
  readBytes: number;
}

/** Makes bytes readable like a file called `memory.tar`. */
export function memoryBytes(bytes: Uint8Array): MemoryBytes {
  return {
    path: "memory.tar",
    sizeBytes: bytes.length,
    reads: 0,
    readBytes: 0,
    readAt(into, offsetBytes) {
      const part = bytes.subarray(offsetBytes, offsetBytes + into.length);
      into.set(part);
      this.reads++;
      this.readBytes += part.length;
      return Promise.resolve(part.length);
    },
  };
}

/** A layer: a tar with one file. */
export function layerBytes(text: string): Uint8Array<ArrayBuffer> {
  return tarBytes([{ name: "file.txt", body: text }]);
}

/** Compresses bytes with gzip. */
export async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const compressed = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(compressed).arrayBuffer());
}

/** One image of a docker-save archive. */
export interface DockerImage {
  /** @default {null} */
  tags?: string[] | null;
  /** Uncompressed; what their diff IDs are of. */
  layers: Uint8Array<ArrayBuffer>[];
  /** How a layer is stored. @default {as it is, as <n>/layer.tar} */
  store?: (layer: Uint8Array<ArrayBuffer>, at: number) => Promise<TarMember> | TarMember;
  /** Fields of its item in `manifest.json` that replace the right ones. */
  item?: Record<string, unknown>;
}

/** Writes what docker save before 25 writes, without the files that nobody reads. */
export async function dockerSaveMembers(images: readonly DockerImage[]): Promise<TarMember[]> {
  const members: TarMember[] = [];
  const items: unknown[] = [];
  for (const [imageAt, image] of images.entries()) {
    const { tags = null, layers, store = (body, at) => ({ name: `${imageAt}-${at}/layer.tar`, body }) } =
      image;
    const stored = await Promise.all(layers.map(store));
    const config = await configBytes({ os: "linux", architecture: "amd64" }, layers);
    const configName = `${hexOf(await digestOf(config))}.json`;
    members.push(...stored, { name: configName, body: config });
    items.push({ Config: configName, RepoTags: tags, Layers: stored.map(({ name }) => name), ...image.item });
  }
  return [...members, { name: "manifest.json", body: JSON.stringify(items) }];
}

/** A manifest or index of an OCI layout with all the entries it needs. */
export interface OciPart {
  descriptor: Descriptor;
  members: TarMember[];
}

/** Makes a blob. */
export async function ociBlob(
  content: Uint8Array<ArrayBuffer> | object,
  mediaType: string,
): Promise<OciPart> {
  const body = content instanceof Uint8Array ? content : toBytes(JSON.stringify(content));
  const digest = await digestOf(body);
  return {
    descriptor: { mediaType, digest, size: body.length },
    members: [{ name: `blobs/sha256/${hexOf(digest)}`, body }],
  };
}

/** Makes an image of gzipped layers for a platform. */
export async function ociImage(
  platform: Platform,
  layers: readonly Uint8Array<ArrayBuffer>[],
): Promise<OciPart> {
  const config = await ociBlob(await configBytes(platform, layers), MEDIA_TYPE.ociConfig);
  const blobs = await Promise.all(
    layers.map(async (layer) => await ociBlob(await gzip(layer), MEDIA_TYPE.ociLayerGzip)),
  );
  const manifest = await ociManifest(config, blobs);
  return { ...manifest, descriptor: { ...manifest.descriptor, platform } };
}

/** Makes a manifest of given blobs, perhaps one that refers to another. */
export async function ociManifest(
  config: OciPart,
  layers: readonly OciPart[],
  subject?: Descriptor,
): Promise<OciPart> {
  const manifest = await ociBlob({
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociManifest,
    config: config.descriptor,
    layers: layers.map(({ descriptor }) => descriptor),
    subject,
  }, MEDIA_TYPE.ociManifest);
  const members = [...layers, config, manifest].flatMap((part) => part.members);
  return { descriptor: manifest.descriptor, members };
}

/** Makes an index over manifests or other indexes. */
export async function ociIndex(children: readonly OciPart[]): Promise<OciPart> {
  const manifests = children.map(({ descriptor }) => descriptor);
  const index = await ociBlob(
    { schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests },
    MEDIA_TYPE.ociIndex,
  );
  return { ...index, members: [...children.flatMap(({ members }) => members), ...index.members] };
}

/** Gives a part annotations, as `index.json` and indexes do. */
export function annotated(part: OciPart, annotations: Record<string, string>): OciPart {
  return { ...part, descriptor: { ...part.descriptor, annotations } };
}

/** Writes an OCI layout whose `index.json` lists these parts; each entry once. */
export function ociLayoutMembers(roots: readonly OciPart[]): TarMember[] {
  const members = new Map(roots.flatMap((part) => part.members).map((member) => [member.name, member]));
  const index = { schemaVersion: 2, manifests: roots.map(({ descriptor }) => descriptor) };
  return [
    ...members.values(),
    { name: "index.json", body: JSON.stringify(index) },
    { name: "oci-layout", body: '{"imageLayoutVersion":"1.0.0"}' },
  ];
}

/** An open archive whose file is removed when it is disposed. */
export type TempArchive = ImageArchive & AsyncDisposable;

/** Opens a tar file of these members, or of these bytes. */
export async function openMembers(content: readonly TarMember[] | Uint8Array): Promise<TempArchive> {
  await using resources = new AsyncDisposableStack();
  const path = resources.use(await makeTempDir()).join("image.tar");
  await Deno.writeFile(path, content instanceof Uint8Array ? content : tarBytes(content));
  const archive = resources.use(await openArchive(path));
  const owned = resources.move();
  return Object.assign(archive, { [Symbol.asyncDispose]: () => owned.disposeAsync() });
}

/** Reads a whole blob. */
export async function readBlob(archive: ImageArchive, blob: Descriptor): Promise<Uint8Array> {
  return new Uint8Array(await new Response(copied(archive.openBlob(blob))).arrayBuffer());
}

/** Encodes text as UTF-8; bytes stay what they are. */
export function toBytes(content: Uint8Array | string): Uint8Array<ArrayBuffer> {
  return typeof content === "string" ? new TextEncoder().encode(content) : new Uint8Array(content);
}

/** Joins bytes. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(parts.reduce((total, { length }) => total + length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** Chunks of blobs are overwritten, so what is collected must be copied. */
function copied(stream: ReadableStream<Uint8Array>): ReadableStream<Uint8Array<ArrayBuffer>> {
  return stream.pipeThrough(
    new TransformStream({ transform: (chunk, controller) => controller.enqueue(chunk.slice()) }, undefined, {
      highWaterMark: 0,
    }),
  );
}

async function configBytes(
  platform: Platform,
  layers: readonly Uint8Array[],
): Promise<Uint8Array<ArrayBuffer>> {
  const diffIds = await Promise.all(layers.map(digestOf));
  return toBytes(JSON.stringify({ ...platform, config: {}, rootfs: { type: "layers", diff_ids: diffIds } }));
}

function hexOf(digest: string): string {
  return digest.slice(digest.indexOf(":") + 1);
}
