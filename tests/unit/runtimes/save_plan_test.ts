import assert from "node:assert/strict";
import { isPusherError } from "../../../lib/errors.ts";
import { planSaves, type SavePlanOptions } from "../../../lib/runtimes/save_plan.ts";

const OPTIONS: SavePlanOptions = {
  directory: "out",
  runtime: "docker",
  available: [
    { name: "nginx:latest", id: "e994d26a80eb", sizeBytes: 1000 },
    { name: "redis:7", id: "09ae0a838657" },
    { name: "x/y:1", id: "1" },
    { name: "x_y:1", id: "2" },
    { name: "app:A", id: "3" },
    { name: "app:a", id: "4" },
  ],
};

Deno.test("planSaves() gives each image its file, in the order of the request", () => {
  assert.deepEqual(planSaves(["redis:7", "nginx:latest", "e994d26a80eb"], OPTIONS), [
    { image: "redis:7", fileName: "redis_7.tar", path: "out/redis_7.tar", expectedBytes: undefined },
    {
      image: "nginx:latest",
      fileName: "nginx_latest.tar",
      path: "out/nginx_latest.tar",
      expectedBytes: 1000,
    },
    {
      image: "e994d26a80eb",
      fileName: "e994d26a80eb.tar",
      path: "out/e994d26a80eb.tar",
      expectedBytes: 1000,
    },
  ]);
});

Deno.test("planSaves() suggests what may have been meant", () => {
  assert.throws(
    () => planSaves(["nginx:latest", "redis:latest"], OPTIONS),
    (error) =>
      isPusherError(error, "IMAGE_NOT_FOUND") && error.detail.name === "redis:latest" &&
      error.detail.available?.join() === "redis:7" && error.hint === "Did you mean redis:7?",
  );
});

Deno.test("planSaves() tells how to look when nothing is similar", () => {
  assert.throws(
    () => planSaves(["postgres:16"], OPTIONS),
    (error) => isPusherError(error, "IMAGE_NOT_FOUND") && error.hint?.includes('"docker images"') === true,
  );
});

Deno.test("planSaves() leaves IDs and digests to the runtime, whose list does not show them all", () => {
  const images = ["0123456789ab", `nginx@sha256:${"0".repeat(64)}`];
  assert.deepEqual(planSaves(images, OPTIONS).map(({ image }) => image), images);
});

Deno.test("planSaves() refuses two images that would get the same file", () => {
  for (const images of [["x/y:1", "x_y:1"], ["app:A", "app:a"]]) {
    assert.throws(
      () => planSaves(images, OPTIONS),
      (error) =>
        isPusherError(error, "USAGE") && images.every((image) => error.message.includes(`"${image}"`)),
    );
  }
});
