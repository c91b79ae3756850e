import assert from "node:assert/strict";
import { pullImage } from "../../docs/examples/pull_image.ts";
import { pushArchive } from "../../docs/examples/push_archive.ts";
import { serveArchive } from "../../docs/examples/serve_archive.ts";
import { openArchive } from "../../lib/mod.ts";
import { fixturePath } from "../support/fixture_archives.ts";
import { makeTempDir } from "../support/temp_dir.ts";
import { startTestRegistry } from "../support/test_registry.ts";

const ARCHIVE = fixturePath("docker2010-one");

Deno.test("pushArchive() of the documentation pushes an image and tells of it", async () => {
  await using registry = startTestRegistry();
  const types = new Set<string>();
  const target = `${registry.host}/team/app:1`;
  const pushed = await pushArchive(ARCHIVE, target, { onEvent: ({ type }) => types.add(type) });
  using archive = await openArchive(ARCHIVE);
  assert.equal(pushed, `${target}@${archive.images[0]?.root.descriptor.digest}`);
  assert.ok(types.has("blob:done"), [...types].join());
});

Deno.test("pullImage() of the documentation brings back what serveArchive() serves", async () => {
  await using directory = await makeTempDir();
  await using served = await serveArchive(ARCHIVE);
  const [name = ""] = served.references;
  const received = await pullImage(name, directory.join("pulled.tar"));
  assert.ok(received > 0);
  using original = await openArchive(ARCHIVE);
  using pulled = await openArchive(directory.join("pulled.tar"));
  assert.equal(
    pulled.images[0]?.root.descriptor.digest,
    original.images[0]?.root.descriptor.digest,
  );
});
