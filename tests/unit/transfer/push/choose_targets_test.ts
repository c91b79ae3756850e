import assert from "node:assert/strict";
import { isPusherError } from "../../../../lib/errors.ts";
import { type Digest, sha256Digest } from "../../../../lib/spec/digest.ts";
import type { Image } from "../../../../lib/spec/image.ts";
import { MEDIA_TYPE } from "../../../../lib/spec/media_type.ts";
import { formatReference, parseReference } from "../../../../lib/spec/reference.ts";
import {
  chooseTargets,
  type Experience,
  historyName,
  requireDigest,
  type TargetWishes,
} from "../../../../lib/transfer/push/choose_targets.ts";

const digest = (char: string): Digest => sha256Digest(char.repeat(64));

/** An image with a digest of this character. */
function image(char: string, ...names: string[]): Image {
  const descriptor = { mediaType: MEDIA_TYPE.ociManifest, digest: digest(char), size: 2 };
  return {
    names: names.map(parseReference),
    root: { descriptor, bytes: new Uint8Array(), blobs: [], children: [] },
  };
}

interface Known {
  last?: Record<string, string>;
  recentRegistry?: string;
  confirmed?: string[];
}

function choose(images: Image[], wishes: Partial<TargetWishes> = {}, known: Known = {}): string[] {
  const experience: Experience = {
    lastTarget: (name) => known.last?.[name],
    recentRegistry: known.recentRegistry,
    isConfirmed: (repository) => known.confirmed?.includes(repository) ?? false,
  };
  return chooseTargets(images, { targets: [], registry: undefined, ...wishes }, experience).map((target) =>
    `${formatReference(target.reference)} by ${target.chosenBy}${target.isNew ? " (new)" : ""}`
  );
}

function refuses(code: string, reason: RegExp, ...args: Parameters<typeof choose>): void {
  assert.throws(() => choose(...args), (error) => {
    assert.ok(isPusherError(error) && error.code === code, String(error));
    assert.match(error.message, reason);
    assert.ok(error.hint);
    return true;
  });
}

Deno.test("--target decides, with latest where it names no tag", () => {
  const app = image("a", "team/app:1");
  assert.deepEqual(choose([app], { targets: ["r.example/x/app:2", "r.example/y", "alpine"] }), [
    "r.example/x/app:2 by user",
    "r.example/y:latest by user",
    "docker.io/library/alpine:latest by user",
  ]);
  assert.deepEqual(choose([image("a")], { targets: ["r.example/app:1"] }), ["r.example/app:1 by user"]);
});

Deno.test("--target wins over what is known", () => {
  const known = { last: { "team/app:1": "old.example/app:1" }, recentRegistry: "recent.example" };
  assert.deepEqual(choose([image("a", "team/app:1")], { targets: ["r.example/app:2"] }, known), [
    "r.example/app:2 by user",
  ]);
});

Deno.test("--target may name the digest, if it is the image's", () => {
  const app = image("a", "team/app:1");
  assert.deepEqual(choose([app], { targets: [`r.example/app@${digest("a")}`] }), [
    `r.example/app@${digest("a")} by user`,
  ]);
});

Deno.test("two archives may hold one image, but not different parts of it", () => {
  const [one, other] = [image("a", "team/app:1"), image("a", "team/app:1")];
  assert.deepEqual(choose([one, other], { registry: "r.example" }), ["r.example/team/app:1 by user"]);
  const partial = { ...other, root: { ...other.root, absent: [one.root.descriptor] } };
  refuses("USAGE", /two images would become "r\.example\/team\/app:1"/, [one, partial], {
    registry: "r.example",
  });
});

Deno.test("requireDigest() refuses a target that names another digest than that of what is pushed", () => {
  const app = image("a", "team/app:1");
  const target = (text: string): Parameters<typeof requireDigest>[0] => (
    { image: app, reference: parseReference(text) }
  );
  requireDigest(target("r.example/app:1"));
  requireDigest(target(`r.example/app:1@${digest("a")}`));
  assert.throws(() => requireDigest(target(`r.example/app:1@${digest("b")}`)), (error) => {
    assert(isPusherError(error, "USAGE"));
    assert.match(
      error.message,
      /"r\.example\/app:1@sha256:b+" names another digest than the image's, sha256:a+$/,
    );
    return true;
  });
});

Deno.test("--target is for one image", () => {
  const images = [image("a", "a:1"), image("b", "b:1")];
  refuses("USAGE", /there are 2 images and one target/, images, { targets: ["r.example/app:1"] });
  refuses("USAGE", /both --target and --registry/, images, {
    targets: ["r.example/a:1"],
    registry: "r.example",
  });
  refuses("REFERENCE_INVALID", /lower case/, [images[0]!], { targets: ["r.example/App"] });
});

Deno.test("an error names the option that helps", () => {
  const images = [image("a", "a:1"), image("b", "b:1")];
  const cases: [Partial<TargetWishes>, string | undefined][] = [
    [{ targets: ["r.example/a:1"], registry: "r.example" }, "--registry"],
    [{ targets: ["r.example/a:1"] }, "--target"],
    [{}, "--target"],
  ];
  for (const [wishes, option] of cases) {
    assert.throws(() => choose(images, wishes), (error) => {
      assert.ok(isPusherError(error, "USAGE"));
      assert.equal(error.detail.option, option);
      return true;
    });
  }
});

Deno.test("--registry puts every name of every image under it", () => {
  const cases: [string, string[], string[]][] = [
    ["r.example", ["team/app:1", "team/app:latest"], ["r.example/team/app:1", "r.example/team/app:latest"]],
    ["r.example:5000/mirror", ["team/app:1"], ["r.example:5000/mirror/team/app:1"]],
    ["r.example/", ["other.example:5000/team/app:1"], ["r.example/team/app:1"]],
    ["r.example", ["app"], ["r.example/app:latest"]],
    // library/ is docker hub's way of writing official images.
    ["r.example", ["nginx:1"], ["r.example/nginx:1"]],
    ["r.example/mirror", ["docker.io/library/nginx:1"], ["r.example/mirror/nginx:1"]],
    ["r.example", ["other.example/library/nginx:1"], ["r.example/library/nginx:1"]],
    ["docker.io", ["nginx:1"], ["docker.io/library/nginx:1"]],
    ["docker.io/me", ["nginx:1"], ["docker.io/me/nginx:1"]],
    ["index.docker.io/me", ["other.example/app:1"], ["docker.io/me/app:1"]],
    ["localhost:5000", ["localhost:5000/app:1"], ["localhost:5000/app:1"]],
    ["r.example", [`app@${digest("a")}`], [`r.example/app@${digest("a")}`]],
  ];
  for (const [registry, names, targets] of cases) {
    assert.deepEqual(
      choose([image("a", ...names)], { registry }),
      targets.map((target) => `${target} by user`),
    );
  }
  const images = [image("a", "one:1"), image("b", "two:1", "two:2")];
  assert.deepEqual(choose(images, { registry: "r.example" }), [
    "r.example/one:1 by user",
    "r.example/two:1 by user",
    "r.example/two:2 by user",
  ]);
});

Deno.test("--registry refuses what gives no valid target", () => {
  refuses("REFERENCE_INVALID", /scheme/, [image("a", "app:1")], { registry: "https://r.example" });
  const long = image("a", `r.example/${"a".repeat(250)}:1`);
  refuses("REFERENCE_INVALID", /longer than/, [long], { registry: "r.example/prefix" });
});

Deno.test("two images are never pushed to one tag", () => {
  const images = [image("a", "one.example/app:1"), image("b", "two.example/app:1")];
  refuses("USAGE", /r\.example\/app:1/, images, { registry: "r.example" });
  refuses("USAGE", /r\.example\/app:1/, images, {}, { recentRegistry: "r.example" });
  // The same image under two names that become one is no conflict.
  assert.deepEqual(
    choose([image("a", "one.example/app:1", "two.example/app:1")], { registry: "r.example" }),
    [
      "r.example/app:1 by user",
    ],
  );
  assert.deepEqual(choose([image("a")], { targets: ["alpine:1", "docker.io/library/alpine:1"] }), [
    "docker.io/library/alpine:1 by user",
  ]);
});

Deno.test("without wishes an image goes where it went last", () => {
  const last = { "team/app:1": "r.example/prod/app:7", "library/nginx:latest": "r.example/nginx:latest" };
  const known = { last, recentRegistry: "recent.example" };
  assert.deepEqual(choose([image("a", "any.example/team/app:1", "nginx")], {}, known), [
    "r.example/prod/app:7 by history",
    "r.example/nginx:latest by history",
  ]);
});

Deno.test("else it goes to the most recent registry, as something to confirm", () => {
  const known = { recentRegistry: "r.example", confirmed: ["r.example/team/app"] };
  assert.deepEqual(choose([image("a", "team/app:2", "team/other:1", "nginx:1")], {}, known), [
    "r.example/team/app:2 by recent-registry",
    "r.example/team/other:1 by recent-registry (new)",
    "r.example/nginx:1 by recent-registry (new)",
  ]);
});

Deno.test("else the user has to say", () => {
  refuses("USAGE", /nothing says where "docker\.io\/team\/app:1" should go/, [image("a", "team/app:1")]);
  refuses("USAGE", /has no name in the archive/, [image("a")], { registry: "r.example" });
  refuses("USAGE", /has no name in the archive/, [image("a")], {}, { recentRegistry: "r.example" });
});

Deno.test("nothing to push needs no target", () => {
  assert.deepEqual(choose([], { targets: ["r.example/app:1"] }), []);
  assert.deepEqual(choose([]), []);
});

Deno.test("a chosen target carries the name that history will know it by", () => {
  const [target] = chooseTargets([image("a", "any.example/team/app")], {
    targets: [],
    registry: "r.example/x",
  }, {
    lastTarget: () => undefined,
    recentRegistry: undefined,
    isConfirmed: () => false,
  });
  assert.equal(target?.name, "team/app:latest");
  assert.equal(historyName(parseReference("nginx:1")), "library/nginx:1");
  assert.equal(historyName(parseReference(`r.example:5000/a/b@${digest("a")}`)), `a/b@${digest("a")}`);
});
