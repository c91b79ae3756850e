import assert from "node:assert/strict";
import { selectImages } from "../../../../lib/commands/push/select_images.ts";
import { isPusherError } from "../../../../lib/errors.ts";
import type { Descriptor } from "../../../../lib/spec/descriptor.ts";
import type { Digest } from "../../../../lib/spec/digest.ts";
import type { Image } from "../../../../lib/spec/image.ts";
import { MEDIA_TYPE } from "../../../../lib/spec/media_type.ts";
import { formatReference, parseReference } from "../../../../lib/spec/reference.ts";

/** A digest that begins with these digits. */
const digest = (start: string, algorithm: "sha256" | "sha512" = "sha256"): Digest =>
  `${algorithm}:${start.padEnd(algorithm === "sha256" ? 64 : 128, "0")}` as Digest;

function image(root: Digest, config: Digest, ...names: string[]): Image {
  const named = (digest: Digest): Descriptor => ({ mediaType: MEDIA_TYPE.ociManifest, digest, size: 2 });
  const blobs = [named(config), named(digest("1a7e5"))];
  return {
    names: names.map(parseReference),
    root: { descriptor: named(root), bytes: new Uint8Array(), blobs, children: [] },
  };
}

const NGINX = image(digest("aaaaaa1"), digest("c0ffee1"), "nginx:1.27", "nginx:latest");
const APP = image(digest("aaaaaa2"), digest("c0ffee2"), "r.example:5000/team/app:1");
const UNNAMED = image(digest("bbbbbb3", "sha512"), digest("c0ffee3"));
const ALL = [NGINX, APP, UNNAMED];

/** What is picked: names, or the digest's start where there are none. */
function picked(...wanted: string[]): string[] {
  return selectImages(ALL, wanted).map(({ names, root }) =>
    names.map(formatReference).join(" ") || root.descriptor.digest.slice(7, 14)
  );
}

const BOTH = "docker.io/library/nginx:1.27 docker.io/library/nginx:latest";

Deno.test("selectImages() gives everything when nothing is named", () => {
  assert.equal(selectImages(ALL, []), ALL);
});

Deno.test("selectImages() knows a name in every way of writing it, and keeps the names that were named", () => {
  const cases: [string, string][] = [
    ["nginx:1.27", "docker.io/library/nginx:1.27"],
    ["library/nginx:1.27", "docker.io/library/nginx:1.27"],
    ["docker.io/library/nginx:latest", "docker.io/library/nginx:latest"],
    ["nginx", BOTH],
    ["library/nginx", BOTH],
    ["docker.io/library/nginx", BOTH],
    ["r.example:5000/team/app:1", "r.example:5000/team/app:1"],
    ["r.example:5000/team/app", "r.example:5000/team/app:1"],
  ];
  for (const [wish, names] of cases) assert.deepEqual(picked(wish), [names], wish);
});

Deno.test("selectImages() picks by digest of manifest or config, under all names", () => {
  const cases: [string, string][] = [
    [digest("aaaaaa1"), BOTH],
    [digest("c0ffee1"), BOTH],
    ["sha256:aaaaaa2", "r.example:5000/team/app:1"],
    ["c0ffee2", "r.example:5000/team/app:1"],
    ["bbbbbb", "bbbbbb3"],
  ];
  for (const [wish, names] of cases) assert.deepEqual(picked(wish), [names], wish);
});

Deno.test("selectImages() refuses a short digest that fits several images, and gives all their digits", () => {
  for (const wish of ["aaaaaa", "sha256:aaaaaa", "c0ffee"]) {
    assert.throws(() => selectImages(ALL, ["nginx", wish]), (error) => {
      assert.ok(isPusherError(error, "USAGE"), wish);
      assert.match(error.message, /^Cannot choose image ".*": [23] images fit$/);
      assert.match(error.hint ?? "", /^Give more digits: they are sha256:aaaaaa10+, sha256:aaaaaa20+/);
      return true;
    });
  }
});

Deno.test("selectImages() takes the same image in two archives for one, and all images of a whole config digest", () => {
  assert.equal(selectImages([NGINX, NGINX], ["aaaaaa"]).length, 2);
  const recompressed = image(digest("dddddd4"), digest("c0ffee1"));
  assert.deepEqual(selectImages([NGINX, recompressed], [digest("c0ffee1")]), [NGINX, recompressed]);
});

Deno.test("selectImages() takes for a name what could be a digest, too", () => {
  const named = image(digest("eeeeee5"), digest("c0ffee5"), "aaaaaa");
  assert.deepEqual(selectImages([named], ["aaaaaa"]), [named]);
});

Deno.test("selectImages() keeps the archive's order and gives an image once", () => {
  assert.deepEqual(picked("r.example:5000/team/app", "nginx:latest", "nginx:1.27"), [
    BOTH,
    "r.example:5000/team/app:1",
  ]);
});

Deno.test("selectImages() says what is not there, and what is", () => {
  const wishes = [
    "",
    "ngin",
    "nginx:2",
    "nginx:1.2",
    "app",
    "team/app:1",
    "r.example/team/app:1",
    "aaaaa",
    "aaaaaa9",
    "AAAAAA1",
    "sha256:",
    "sha512:aaaaaa1",
    "1a7e50",
    "constructor",
  ];
  for (const wish of wishes) {
    assert.throws(() => selectImages(ALL, ["nginx:1.27", wish]), (error) => {
      assert.ok(isPusherError(error, "IMAGE_NOT_FOUND"), wish);
      assert.equal(error.detail.name, wish);
      assert.equal(error.detail.available?.length, 4);
      assert.match(error.hint ?? "", /^It holds docker\.io\/library\/nginx:1\.27, .*\.$/);
      return true;
    }, wish);
  }
});

Deno.test("selectImages() shows a hostile wish without obeying it", () => {
  assert.throws(() => selectImages(ALL, ["\x1b[2J"]), { message: /"\\u\{1b\}\[2J"/ });
});
