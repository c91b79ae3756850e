import assert from "node:assert/strict";
import type { Descriptor } from "../../../lib/spec/descriptor.ts";
import { sha256Digest } from "../../../lib/spec/digest.ts";
import { distinctBlobs, type ManifestNode, manifestsBottomUp } from "../../../lib/spec/image.ts";
import { MEDIA_TYPE } from "../../../lib/spec/media_type.ts";

function descriptor(name: string, mediaType: string = MEDIA_TYPE.ociLayer): Descriptor {
  const hex = [...name].map((char) => char.charCodeAt(0).toString(16)).join("").padStart(64, "0");
  return { mediaType, digest: sha256Digest(hex), size: name.length };
}

function node(name: string, blobs: string[], children: ManifestNode[] = []): ManifestNode {
  const mediaType = children.length > 0 ? MEDIA_TYPE.ociIndex : MEDIA_TYPE.ociManifest;
  return {
    descriptor: descriptor(name, mediaType),
    bytes: new Uint8Array(),
    blobs: blobs.map((blob) => descriptor(blob)),
    children,
  };
}

const name = ({ digest }: Descriptor): string =>
  String.fromCharCode(
    ...digest.slice(7).match(/../g)!.map((pair) => parseInt(pair, 16)).filter((code) => code > 0),
  );
const walk = (root: ManifestNode): string =>
  [...manifestsBottomUp(root)].map((each) => name(each.descriptor)).join(" ");
const blobsOf = (root: ManifestNode): string => distinctBlobs(root).map(name).join(" ");

Deno.test("manifestsBottomUp() gives children before their parents and the root last", () => {
  assert.equal(walk(node("m", [])), "m");
  const nested = node("root", [], [node("idx", [], [node("a", []), node("b", [])]), node("c", [])]);
  assert.equal(walk(nested), "a b idx c root");
});

Deno.test("manifestsBottomUp() gives a manifest that several indexes list once", () => {
  const shared = node("shared", []);
  const root = node("root", [], [node("i", [], [shared, node("a", [])]), node("k", [], [shared]), shared]);
  assert.equal(walk(root), "shared a i k root");
});

Deno.test("manifestsBottomUp() is done with indexes that multiply, as a hostile archive nests them", () => {
  let level = [node("leaf", []), node("leef", [])];
  for (let depth = 0; depth < 14; depth++) {
    level = [node(`a${depth}`, [], level), node(`b${depth}`, [], level)];
  }
  assert.equal([...manifestsBottomUp(node("root", [], level))].length, 31);
});

Deno.test("distinctBlobs() names each digest once, in the order of first mention", () => {
  const root = node("root", [], [
    node("x", ["cfg1", "base", "app", "base"]),
    node("y", ["cfg2", "base", "lib"]),
  ]);
  assert.equal(blobsOf(root), "cfg1 base app cfg2 lib");
  assert.equal(blobsOf(node("empty", [])), "");
});
