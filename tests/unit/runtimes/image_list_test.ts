import assert from "node:assert/strict";
import { parseImageList } from "../../../lib/runtimes/image_list.ts";
import { DocumentError } from "../../../lib/spec/documents.ts";

const ID = "e994d26a80eb1f3c5a7b9d0e2f4a6c8e0b1d3f5a7c9e1b3d5f7a9c0e2b4d6f81";

/** `docker images --format '{{json .}}'` of the 28.2 client with a 20.10 daemon. */
const DOCKER_28 =
  `{"Containers":"N/A","CreatedAt":"2026-11-22 00:29:58 +0000 UTC","CreatedSince":"1 second ago","Digest":"\\u003cnone\\u003e","ID":"e994d26a80eb","Repository":"t/img","SharedSize":"N/A","Size":"20kB","Tag":"1","UniqueSize":"N/A","VirtualSize":"20.01kB"}
{"Containers":"N/A","CreatedAt":"2026-11-22 01:29:58 +0100 CET","CreatedSince":"1 second ago","Digest":"\\u003cnone\\u003e","ID":"e994d26a80eb","Repository":"other.example:5000/ns/img","SharedSize":"N/A","Size":"20kB","Tag":"v2","UniqueSize":"N/A","VirtualSize":"20.01kB"}
{"Containers":"0","CreatedAt":"2026-11-21 00:29:58 +0000 UTC","CreatedSince":"1 day ago","Digest":"\\u003cnone\\u003e","ID":"09ae0a838657","Repository":"\\u003cnone\\u003e","SharedSize":"N/A","Size":"1.2GB","Tag":"\\u003cnone\\u003e","UniqueSize":"N/A","VirtualSize":"1.2GB"}
`;

/** The 29.7 client: no `VirtualSize`. */
const DOCKER_29 =
  `{"Containers":"0","CreatedAt":"2026-11-22 00:29:58 +0000 UTC","CreatedSince":"1 second ago","Digest":"\\u003cnone\\u003e","ID":"641595863071","Repository":"other.example:5000/ns/img","SharedSize":"N/A","Size":"68kB","Tag":"v2","UniqueSize":"N/A"}
`;

/** One element of `podman images --format json`, versions 4.3 to 5.8. */
function podmanElement(names: readonly string[] | undefined): unknown {
  return {
    Id: ID,
    ParentId: "",
    RepoTags: null,
    RepoDigests: [`localhost/t/img@sha256:${ID}`],
    Size: 30560,
    SharedSize: 0,
    VirtualSize: 30560,
    Labels: null,
    Containers: 0,
    ...(names ? { Names: names } : { Dangling: true }),
    Digest: `sha256:${ID}`,
    History: names ?? [],
    Created: 1795307398,
    CreatedAt: "2026-11-22T00:29:58Z",
  };
}

const BUILT_MS = Date.parse("2026-11-22T00:29:58Z");

function parse(text: string): ReturnType<typeof parseImageList> {
  return parseImageList(new TextEncoder().encode(text));
}

Deno.test("parseImageList() reads docker's lines, names first", () => {
  assert.deepEqual(parse(DOCKER_28), [
    { name: "t/img:1", id: "e994d26a80eb", sizeBytes: 20_000, createdMs: BUILT_MS },
    { name: "other.example:5000/ns/img:v2", id: "e994d26a80eb", sizeBytes: 20_000, createdMs: BUILT_MS },
    { id: "09ae0a838657", sizeBytes: 1_200_000_000, createdMs: BUILT_MS - 86_400_000 },
  ]);
});

Deno.test("parseImageList() reads docker 29's lines", () => {
  assert.deepEqual(parse(DOCKER_29), [
    { name: "other.example:5000/ns/img:v2", id: "641595863071", sizeBytes: 68_000, createdMs: BUILT_MS },
  ]);
});

Deno.test("parseImageList() takes an image pulled by digest for one without a name", () => {
  const line = '{"ID":"sha256:' + ID + '","Repository":"nginx","Tag":"<none>","Size":"1kB"}';
  assert.deepEqual(parse(line), [{ id: ID, sizeBytes: 1000 }]);
});

Deno.test("parseImageList() reads podman's array, where an image comes once for each of its names", () => {
  const names = ["other.example:5000/ns/img:v2", "localhost/t/img:1"];
  const json = JSON.stringify([podmanElement(names), podmanElement(names)], null, 4);
  assert.deepEqual(parse(json), [
    { name: "other.example:5000/ns/img:v2", id: ID, sizeBytes: 30560, createdMs: BUILT_MS },
    { name: "localhost/t/img:1", id: ID, sizeBytes: 30560, createdMs: BUILT_MS },
  ]);
});

Deno.test("parseImageList() reads podman's images without a name", () => {
  assert.deepEqual(parse(JSON.stringify([podmanElement(undefined)])), [
    { id: ID, sizeBytes: 30560, createdMs: BUILT_MS },
  ]);
});

Deno.test("parseImageList() reads the lines podman 5 prints when it is called docker", () => {
  const line = (tag: string): string =>
    JSON.stringify({
      Id: ID,
      RepoTags: ["localhost/t/img:1", "localhost/t/img:2"],
      Size: 30560,
      Created: 1795307398,
      repository: "localhost/t/img",
      tag,
    });
  assert.deepEqual(parse(`${line("1")}\n${line("2")}\n`).map(({ name }) => name), [
    "localhost/t/img:1",
    "localhost/t/img:2",
  ]);
});

/** A line of `nerdctl images --format '{{json .}}'`. */
function nerdctlLine(row: { name: string; size: string; platform: string }): string {
  const [repository, tag] = row.name.split(":");
  return JSON.stringify({
    CreatedAt: "2026-11-22 00:39:52 +0000 UTC",
    CreatedSince: "8 seconds ago",
    Digest: `sha256:${ID}`,
    ID: "b0577a3b7f32",
    Repository: repository,
    Tag: tag ?? "<none>",
    Name: `docker.io/library/${row.name}`,
    Size: row.size,
    BlobSize: "3.4MB",
    Platform: row.platform,
  });
}

Deno.test("parseImageList() counts an image once that nerdctl lists for each platform", () => {
  const lines = [
    nerdctlLine({ name: "alpine:latest", size: "7.34MB", platform: "linux/amd64" }),
    nerdctlLine({ name: "alpine:latest", size: "8.1MB", platform: "linux/arm64" }),
  ];
  assert.deepEqual(parse(lines.join("\n")), [{
    name: "alpine:latest",
    id: "b0577a3b7f32",
    sizeBytes: 7_340_000,
    createdMs: Date.parse("2026-11-22T00:39:52Z"),
  }]);
});

Deno.test("parseImageList() reads the binary sizes of nerdctl 1", () => {
  const [image] = parse(nerdctlLine({ name: "alpine:latest", size: "7.0 MiB", platform: "linux/amd64" }));
  assert.equal(image?.sizeBytes, 7 * 2 ** 20);
});

Deno.test("parseImageList() drops nerdctl's second mention of a named image by its ID", () => {
  const lines = [
    nerdctlLine({ name: "<none>", size: "7.34MB", platform: "linux/amd64" }),
    nerdctlLine({ name: "alpine:latest", size: "7.34MB", platform: "linux/amd64" }),
  ];
  assert.deepEqual(parse(lines.join("\n")).map(({ name }) => name), ["alpine:latest"]);
});

Deno.test("parseImageList() leaves out what it cannot read as size or time", () => {
  for (
    const [size, createdAt] of [["N/A", "N/A"], ["1.5 parsecs", "0001-01-01 00:00:00 +0000 UTC"], [
      "",
      "yesterday",
    ]]
  ) {
    const line = JSON.stringify({ ID: ID, Repository: "a", Tag: "1", Size: size, CreatedAt: createdAt });
    assert.deepEqual(parse(line), [{ name: "a:1", id: ID }]);
  }
});

Deno.test("parseImageList() gives nothing for no images", () => {
  for (const nothing of ["", "\n", "[]\n"]) assert.deepEqual(parse(nothing), []);
});

Deno.test("parseImageList() fails on what is no image list", () => {
  for (const text of ["REPOSITORY  TAG\n", "json\njson\n", "{}", '[{"Id":1}]', "[", '{"ID":"a"}\n{']) {
    assert.throws(() => parse(text), DocumentError, text);
  }
});
