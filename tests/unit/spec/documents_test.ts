import assert from "node:assert/strict";
import * as v from "valibot";
import {
  DocumentError,
  manifestTypeOf,
  parseDockerSaveManifest,
  parseDocument,
  parseImageConfig,
  parseImageIndex,
  parseImageManifest,
} from "../../../lib/spec/documents.ts";
import { MEDIA_TYPE } from "../../../lib/spec/media_type.ts";

const HEX = "ab".repeat(32);
const DIGEST = `sha256:${HEX}`;
const LAYER = { mediaType: MEDIA_TYPE.ociLayer, digest: DIGEST, size: 3 };
const CONFIG = { mediaType: MEDIA_TYPE.ociConfig, digest: DIGEST, size: 2 };
const MANIFEST = { schemaVersion: 2, mediaType: MEDIA_TYPE.ociManifest, config: CONFIG, layers: [LAYER] };
const CHILD = { mediaType: MEDIA_TYPE.ociManifest, digest: DIGEST, size: 9 };
const INDEX = { schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests: [CHILD] };

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const json = (value: unknown): Uint8Array => bytes(JSON.stringify(value));

const PARSERS = { parseImageManifest, parseImageIndex, parseImageConfig, parseDockerSaveManifest };

/** Each must be refused with a `DocumentError`, whatever else is wrong with it. */
function refuses(parse: (bytes: Uint8Array) => unknown, documents: Record<string, unknown>): void {
  for (const [what, document] of Object.entries(documents)) {
    assert.throws(() => parse(json(document)), DocumentError, what);
  }
}

Deno.test("every parser refuses what is not JSON in UTF-8", () => {
  const inputs: Record<string, Uint8Array> = {
    "nothing": bytes(""),
    "a cut document": json(MANIFEST).slice(0, -1),
    "two documents": bytes("{}{}"),
    "a comment": bytes("{} // x"),
    "NaN": bytes('{"size":NaN}'),
    "Latin-1": new Uint8Array([...bytes('{"os":"'), 0xe9, ...bytes('"}')]),
    "UTF-16": new Uint8Array([0xff, 0xfe, 0x7b, 0, 0x7d, 0]),
    "half a character": new Uint8Array([...bytes('"'), 0xf0, 0x9f, ...bytes('"')]),
    "thousands of brackets": bytes("[".repeat(2 ** 18)),
  };
  for (const [name, parse] of Object.entries(PARSERS)) {
    for (const [what, input] of Object.entries(inputs)) {
      assert.throws(() => parse(input), DocumentError, `${name} on ${what}`);
    }
  }
});

Deno.test("text that is not UTF-8 is refused in documents that are fine otherwise", () => {
  const [before, after] = JSON.stringify({ ...INDEX, annotations: { a: "|" } }).split("|").map(bytes);
  const withBytes = (...middle: number[]): Uint8Array => new Uint8Array([...before!, ...middle, ...after!]);
  assert.equal(parseImageIndex(withBytes(0xc3, 0xa9)).annotations?.["a"], "é");
  for (const middle of [[0xe9], [0xc3], [0xed, 0xa0, 0x80], [0xff]]) {
    assert.throws(() => parseImageIndex(withBytes(...middle)), {
      name: "DocumentError",
      message: "it is not JSON",
    });
  }
});

Deno.test("every parser refuses JSON of another kind", () => {
  for (const [name, parse] of Object.entries(PARSERS)) {
    for (const value of [null, true, 1, "text", [null], [[]], ["x"]]) {
      assert.throws(() => parse(json(value)), DocumentError, `${name} on ${JSON.stringify(value)}`);
    }
  }
  refuses(parseDockerSaveManifest, { "an object": {} });
  refuses(parseImageManifest, { "a list": [], "an empty object": {} });
});

Deno.test("parseImageManifest() reads OCI and docker manifests, with or without mediaType", () => {
  assert.deepEqual(parseImageManifest(json(MANIFEST)), MANIFEST);
  for (const mediaType of [undefined, MEDIA_TYPE.dockerManifest]) {
    assert.equal(parseImageManifest(json({ ...MANIFEST, mediaType })).mediaType, mediaType);
  }
});

Deno.test("parseImageManifest() refuses what another reader could take for an index", () => {
  refuses(parseImageManifest, {
    "manifests beside layers": { ...MANIFEST, manifests: [] },
    "manifests that are null": { ...MANIFEST, manifests: null },
    "an index's type": { ...MANIFEST, mediaType: MEDIA_TYPE.ociIndex },
    "a type with parameters": { ...MANIFEST, mediaType: `${MEDIA_TYPE.ociManifest}; charset=utf-8` },
    "schema 1": { ...MANIFEST, schemaVersion: 1, fsLayers: [] },
    "a version as text": { ...MANIFEST, schemaVersion: "2" },
    "no version": { ...MANIFEST, schemaVersion: undefined },
  });
});

Deno.test("parseImageManifest() checks every descriptor", () => {
  const faults: Record<string, unknown> = {
    "no size": { ...LAYER, size: undefined },
    "a negative size": { ...LAYER, size: -1 },
    "a fraction": { ...LAYER, size: 1.5 },
    "a size as text": { ...LAYER, size: "3" },
    "a size beyond 2^53": { ...LAYER, size: 2 ** 53 },
    "a short digest": { ...LAYER, digest: DIGEST.slice(0, -1) },
    "an upper-case digest": { ...LAYER, digest: DIGEST.toUpperCase() },
    "a digest that is a path": { ...LAYER, digest: "sha256:../../etc/passwd" },
    "a digest that is a number": { ...LAYER, digest: 1 },
    "no media type": { ...LAYER, mediaType: undefined },
    "urls that are text": { ...LAYER, urls: "https://x.example" },
    "annotations that are not text": { ...LAYER, annotations: { a: 1 } },
    "a list": [],
    "null": null,
  };
  for (const [what, descriptor] of Object.entries(faults)) {
    refuses(parseImageManifest, {
      [`${what} as a layer`]: { ...MANIFEST, layers: [LAYER, descriptor] },
      [`${what} as config`]: { ...MANIFEST, config: descriptor },
    });
    refuses(parseImageIndex, { [`${what} as a child`]: { ...INDEX, manifests: [descriptor] } });
  }
  refuses(parseImageManifest, { "layers by number": { ...MANIFEST, layers: { 0: LAYER, length: 1 } } });
});

Deno.test("parseImageManifest() says where the fault is", () => {
  const document = { ...MANIFEST, layers: [LAYER, { ...LAYER, size: -1 }] };
  assert.throws(() => parseImageManifest(json(document)), { message: /^"layers\.1\.size" is wrong: / });
});

Deno.test("parseImageIndex() reads platforms and annotations of its children", () => {
  const child = {
    ...CHILD,
    platform: { os: "linux", architecture: "arm", variant: "v7" },
    annotations: { "org.opencontainers.image.ref.name": "v1" },
  };
  assert.deepEqual(parseImageIndex(json({ ...INDEX, manifests: [child] })).manifests, [child]);
  assert.deepEqual(parseImageIndex(json({ ...INDEX, manifests: [] })).manifests, []);
});

Deno.test("parseImageIndex() refuses what another reader could take for a manifest", () => {
  refuses(parseImageIndex, {
    "layers beside manifests": { ...INDEX, layers: [] },
    "config beside manifests": { ...INDEX, config: CONFIG },
    "config that is null": { ...INDEX, config: null },
    "a manifest's type": { ...INDEX, mediaType: MEDIA_TYPE.dockerManifest },
    "a manifest": MANIFEST,
  });
});

Deno.test("parseImageConfig() takes missing and null lists as empty ones", () => {
  for (const rootfs of [{}, { type: "layers" }, { diff_ids: null }, { diff_ids: [] }]) {
    assert.deepEqual(
      parseImageConfig(json({ os: "linux", architecture: "amd64", rootfs })).rootfs.diff_ids,
      [],
    );
  }
  const { os, architecture } = parseImageConfig(json({ rootfs: {} }));
  assert.deepEqual([os, architecture], ["", ""]);
  refuses(parseImageConfig, {
    "no rootfs": { os: "linux" },
    "a diff ID that is none": { rootfs: { diff_ids: [HEX] } },
    "a diff ID that is a list": { rootfs: { diff_ids: [[DIGEST]] } },
  });
});

Deno.test("parseDockerSaveManifest() takes null lists as empty ones, as docker writes them", () => {
  const items = [{ Config: "c.json", RepoTags: null, Layers: null }, { Config: "d.json" }];
  assert.deepEqual(parseDockerSaveManifest(json(items)), [
    { Config: "c.json", RepoTags: [], Layers: [] },
    { Config: "d.json", RepoTags: [], Layers: [] },
  ]);
  assert.deepEqual(parseDockerSaveManifest(json([])), []);
  refuses(parseDockerSaveManifest, {
    "no config": [{ RepoTags: [], Layers: [] }],
    "a layer that is null": [{ Config: "c", Layers: [null] }],
    "a tag that is a number": [{ Config: "c", RepoTags: [1], Layers: [] }],
    "a source without digest": [{ Config: "c", LayerSources: { [DIGEST]: { mediaType: "x", size: 1 } } }],
  });
});

Deno.test("documents with hostile keys change nothing but themselves", () => {
  const hostile = `"__proto__":{"polluted":"yes","mediaType":"${MEDIA_TYPE.ociManifest}"}`;
  const withKeys = (value: unknown): Uint8Array =>
    bytes(`{${hostile},"constructor":{"prototype":{"polluted":1}},${JSON.stringify(value).slice(1)}`);
  const manifest = parseImageManifest(withKeys({ ...MANIFEST, mediaType: undefined }));
  assert.equal(manifest.mediaType, undefined, "nothing is read through __proto__");
  assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
  // A descriptor whose fields are all in `__proto__` has none.
  const empty = `{"__proto__":${JSON.stringify(LAYER)}}`;
  assert.throws(
    () => parseImageManifest(bytes(JSON.stringify(MANIFEST).replace(JSON.stringify(LAYER), empty))),
    DocumentError,
  );
  const annotated = bytes(`{"schemaVersion":2,"manifests":[],"annotations":{"__proto__":"x","a":"b"}}`);
  const { annotations } = parseImageIndex(annotated);
  assert.equal(annotations?.["a"], "b");
  assert.equal(Object.getPrototypeOf(annotations), Object.prototype);
});

Deno.test("parseDocument() checks any shape and keeps nothing unnamed", () => {
  const schema: v.GenericSchema<{ a: string }> = v.object({ a: v.string() });
  assert.deepEqual(parseDocument(schema, bytes('\ufeff{"a":"x","b":1}')), { a: "x" });
  assert.throws(() => parseDocument(schema, bytes('{"a":1}')), {
    name: "DocumentError",
    message: /^"a" is wrong/,
  });
});

Deno.test("manifestTypeOf() takes a document at its word, and else goes by its fields", () => {
  const typeOf = (value: unknown): string | undefined => manifestTypeOf(bytes(JSON.stringify(value)));
  assert.equal(typeOf({ ...MANIFEST, mediaType: MEDIA_TYPE.dockerManifest }), MEDIA_TYPE.dockerManifest);
  assert.equal(typeOf({ schemaVersion: 2, config: CONFIG, layers: [] }), MEDIA_TYPE.ociManifest);
  assert.equal(typeOf({ schemaVersion: 2, manifests: [] }), MEDIA_TYPE.ociIndex);
  assert.equal(typeOf({ schemaVersion: 1, fsLayers: [] }), MEDIA_TYPE.dockerManifestV1);
  for (const other of [{}, { mediaType: "text/html" }, { manifest_version: 3 }, null, 7, "x"]) {
    assert.equal(typeOf(other), undefined);
  }
  assert.throws(() => manifestTypeOf(bytes('{"schemaVersion":')), DocumentError);
});

Deno.test("documents that would take unreasonable memory are refused", () => {
  const refuses = (text: string, message: RegExp): void =>
    assert.throws(() => parseDockerSaveManifest(bytes(text)), (error) => {
      assert(error instanceof DocumentError);
      assert.match(error.message, message);
      return true;
    });
  refuses("[".repeat(201), /it is nested too deeply/);
  refuses(`${"[".repeat(100)}${"]".repeat(100)}`, /"0\.Config" is wrong/);
  const items = (count: number, tags: readonly string[]): string =>
    JSON.stringify(Array(count).fill({ Config: "c", RepoTags: tags, Layers: [] }));
  refuses(items(10_001, []), /it has more than 10000 images/);
  refuses(items(1, Array(100_001).fill("a")), /it has more than 100000 names/);
  assert.equal(parseDockerSaveManifest(bytes(items(10_000, Array(10).fill("a")))).length, 10_000);
});
