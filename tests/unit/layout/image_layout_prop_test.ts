import assert from "node:assert/strict";
import fc from "fast-check";
import { BlobCache } from "../../../lib/layout/blob_cache.ts";
import { contentOf, entryName } from "../../../lib/layout/cached_images.ts";
import { ImageLayout } from "../../../lib/layout/image_layout.ts";
import { pruneCache } from "../../../lib/layout/prune_cache.ts";
import { type Digest, digestOf } from "../../../lib/spec/digest.ts";
import { systemClock } from "../../../lib/util/clock.ts";
import { DyingDisk } from "../../support/dying_disk.ts";
import { type LayoutImage, makeLayoutImage, putLayoutImage } from "../../support/layout_image.ts";
import { makeTempDir } from "../../support/temp_dir.ts";

/** The first two have their layer in common. */
const IMAGES = await Promise.all([
  makeLayoutImage("a:1", "shared"),
  makeLayoutImage("b:1", "shared"),
  makeLayoutImage("c:1"),
]);
const BLOBS = [...new Set(IMAGES.flatMap(digestsOf))];

function digestsOf({ layer, config, manifest }: LayoutImage): Digest[] {
  return [layer, config, manifest].map(({ descriptor }) => descriptor.digest);
}

/** What a layout should be. */
class Model {
  blobs = new Set<Digest>();
  names: string[] = [];
  held = new Map<Digest, Disposable>();

  put(image: LayoutImage): void {
    for (const digest of digestsOf(image)) this.blobs.add(digest);
    this.unlist(image);
    this.names.push(image.name);
  }

  unlist({ name }: LayoutImage): void {
    this.names = this.names.filter((each) => each !== name);
  }

  remove(digest: Digest): boolean {
    return !this.held.has(digest) && this.blobs.delete(digest);
  }

  prune(isWanted: (digest: Digest) => boolean): number {
    const removed = [...this.blobs].filter((digest) => !isWanted(digest) && this.remove(digest));
    if (removed.length > 0) this.names = this.names.filter((name) => this.isWhole(name));
    return removed.length;
  }

  pruneStrays(): number {
    const whole = this.names.filter((name) => this.isWhole(name));
    const wanted = new Set(whole.flatMap((name) => digestsOf(imageOf(name))));
    return this.prune((digest) => wanted.has(digest));
  }

  isWhole(name: string): boolean {
    return digestsOf(imageOf(name)).every((digest) => this.blobs.has(digest));
  }
}

function imageOf(name: string): LayoutImage {
  return IMAGES.find((image) => image.name === name)!;
}

type Step = (layout: ImageLayout, model: Model) => Promise<void>;

const image = fc.constantFrom(...IMAGES);
const digest = fc.constantFrom(...BLOBS);

const step: fc.Arbitrary<Step> = fc.oneof(
  image.map((image): Step => async (layout, model) => {
    await putLayoutImage(layout, image);
    model.put(image);
  }),
  image.map((image): Step => async (layout, model) => {
    await layout.updateIndex((entries) => entries.filter((entry) => entryName(entry) !== image.name));
    model.unlist(image);
  }),
  digest.map((digest): Step => async (layout, model) => {
    assert.equal(await layout.removeBlob(digest) !== undefined, model.remove(digest));
  }),
  digest.map((digest): Step => async (layout, model) => {
    const held = await layout.holdBlob(digest);
    assert.equal(held !== undefined, model.blobs.has(digest));
    model.held.get(digest)?.[Symbol.dispose]();
    if (held) model.held.set(digest, held);
  }),
  digest.map((digest): Step => (_, model) => {
    model.held.get(digest)?.[Symbol.dispose]();
    model.held.delete(digest);
    return Promise.resolve();
  }),
  fc.constant<Step>(async (layout, model) => {
    const { blobs } = await pruneCache(layout, { hasNoStrays: true, draftsBeforeMs: Infinity });
    assert.equal(blobs, model.pruneStrays());
  }),
  fc.constant<Step>(async (layout, model) => {
    const { blobs } = await pruneCache(layout, { unusedSinceMs: Infinity, draftsBeforeMs: Infinity });
    assert.equal(blobs, model.prune(() => false));
  }),
);

async function assertSame(layout: ImageLayout, model: Model): Promise<void> {
  assert.deepEqual((await layout.readIndex()).manifests.map(entryName), model.names);
  const stored = await Array.fromAsync(layout.blobs(), ({ digest }) => digest);
  assert.deepEqual(stored.sort(), [...model.blobs].sort());
}

Deno.test("ImageLayout is what two writers have made of it, one step after the other", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.constantFrom(0, 1), step), { minLength: 20, maxLength: 40 }),
      async (steps) => {
        await using temp = await makeTempDir();
        await using _disk = new DyingDisk(Infinity, "kill");
        const writers = [0, 1].map(() => new ImageLayout(temp.path, systemClock));
        const model = new Model();
        using held = new DisposableStack();
        held.defer(() => model.held.forEach((each) => each[Symbol.dispose]()));
        await writers[0]!.create();
        for (const [at, take] of steps) {
          await take(writers[at]!, model);
          await assertSame(writers[1 - at]!, model);
        }
      },
    ),
    { numRuns: 30 },
  );
});

/** What one of several processes does: pull an image, or prune all but so many bytes. */
type Work = LayoutImage | number;

async function pull(directory: string, { name, layer, config, manifest }: LayoutImage): Promise<void> {
  using cache = new BlobCache(directory, {
    clock: systemClock,
    maxBytes: 2 ** 20,
    onNotice: (message) => assert.fail(message),
  });
  using draft = await cache.keepBlob(layer.descriptor);
  await draft?.write(layer.bytes.subarray(draft.sizeBytes));
  await draft?.commit({ isVerified: false });
  await cache.keepDocuments([config, manifest]);
  await cache.finish([{ name, root: manifest.descriptor }]);
}

Deno.test("BlobCache lists nothing that is not whole, whoever pulls and prunes at the same time", async () => {
  const work = fc.oneof<fc.Arbitrary<Work>[]>(image, fc.constantFrom(0, 1000));
  const works = fc.tuple(...[1, 2].map(() => fc.array(work, { minLength: 4, maxLength: 8 })));
  await fc.assert(
    fc.asyncProperty(works, async (works) => {
      await using temp = await makeTempDir();
      await using _disk = new DyingDisk(Infinity, "kill");
      const layout = new ImageLayout(temp.join("cache"), systemClock);
      await layout.create();
      await Promise.all(works.map(async (work) => {
        const own = new ImageLayout(layout.path, systemClock);
        for (const each of work) {
          if (typeof each === "number") await pruneCache(own, { maxBytes: each, draftsBeforeMs: 0 });
          else await pull(temp.path, each);
        }
      }));
      for (const entry of (await layout.readIndex()).manifests) assert.ok(await contentOf(layout, entry));
      for await (const { digest } of layout.blobs()) {
        assert.equal(await digestOf((await layout.readBlob(digest))!), digest);
      }
    }),
    { numRuns: 30 },
  );
});
