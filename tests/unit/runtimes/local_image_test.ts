import assert from "node:assert/strict";
import { isPusherError } from "../../../lib/errors.ts";
import { findLocalImage, isImageId, parseImageArgument } from "../../../lib/runtimes/local_image.ts";

const ID = "e994d26a80eb1f3c5a7b9d0e2f4a6c8e0b1d3f5a7c9e1b3d5f7a9c0e2b4d6f81";

Deno.test("parseImageArgument() adds the tag docker would not add by itself", () => {
  assert.equal(parseImageArgument("redis"), "redis:latest");
  assert.equal(parseImageArgument("localhost:5000/redis"), "localhost:5000/redis:latest");
});

Deno.test("parseImageArgument() leaves tags, digests and IDs as they are", () => {
  for (const text of ["redis:7", `redis@sha256:${ID}`, ID, `sha256:${ID}`, "e994d26a80eb"]) {
    assert.equal(parseImageArgument(text), text);
  }
});

Deno.test("parseImageArgument() lets no option through", () => {
  for (
    const text of [
      "-o",
      "--output=x",
      "-",
      "--",
      "",
      " nginx",
      "nginx latest",
      "nginx\n",
      "../nginx",
      "$(id)",
    ]
  ) {
    assert.throws(() => parseImageArgument(text), (error) => isPusherError(error, "REFERENCE_INVALID"), text);
  }
});

Deno.test("isImageId() takes only what is too long for a short name", () => {
  assert.ok(isImageId("e994d26a80eb"));
  assert.ok(!isImageId("cafe"));
  assert.ok(!isImageId("nginx"));
});

Deno.test("findLocalImage() knows an image by the names docker and podman give it", () => {
  const cases = [
    ["nginx:latest", "nginx:latest"],
    ["docker.io/library/nginx:latest", "nginx:latest"],
    ["index.docker.io/library/nginx:latest", "nginx:latest"],
    ["docker.io/team/app:1", "team/app:1"],
    ["nginx:latest", "docker.io/library/nginx:latest"],
    ["t/img:1", "localhost/t/img:1"],
    ["fedora:40", "registry.fedoraproject.org/fedora:40"],
    ["localhost:5000/app:1", "localhost:5000/app:1"],
  ] as const;
  for (const [asked, listed] of cases) {
    assert.equal(findLocalImage([{ id: "0", name: "x:1" }, { id: "1", name: listed }], asked)?.name, listed);
  }
});

Deno.test("findLocalImage() does not take a similar name for the same", () => {
  const images = [{ id: "1", name: "nginx:1" }, { id: "2", name: "my/xnginx:latest" }, { id: "3" }];
  assert.equal(findLocalImage(images, "nginx:latest"), undefined);
  assert.equal(findLocalImage(images, "other.example/nginx:1"), undefined);
});

Deno.test("findLocalImage() finds an ID whether the list or the question is the shorter one", () => {
  assert.ok(findLocalImage([{ id: "e994d26a80eb" }], ID));
  assert.ok(findLocalImage([{ id: ID }], "sha256:e994d26a80eb"));
  assert.equal(findLocalImage([{ id: ID }], "0123456789ab"), undefined);
});
