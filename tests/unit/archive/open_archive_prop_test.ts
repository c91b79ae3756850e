import assert from "node:assert/strict";
import fc from "fast-check";
import { openArchive } from "../../../lib/archive/open_archive.ts";
import { isPusherError } from "../../../lib/errors.ts";
import { makeTempDir } from "../../support/temp_dir.ts";

const FIXTURES = ["docker2010-multi", "docker26-one", "c8d-mp", "crane-tarball", "um-dot"];

/** Something that happens to a file. */
type Damage = (bytes: Uint8Array) => Uint8Array;

const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
const damages: fc.Arbitrary<Damage> = fc.oneof(
  fc.tuple(place, fc.uint8Array({ minLength: 1, maxLength: 20 })).map(([at, junk]): Damage => (bytes) => {
    const changed = bytes.slice();
    const start = Math.floor(at * bytes.length);
    changed.set(junk.subarray(0, bytes.length - start), start);
    return changed;
  }),
  // A block elsewhere: headers with right checksums in wrong places.
  fc.tuple(place, place).map(([from, to]): Damage => (bytes) => {
    const changed = bytes.slice();
    const blocks = Math.floor(bytes.length / 512);
    const block = (at: number): number => 512 * Math.floor(at * blocks);
    changed.copyWithin(block(to), block(from), block(from) + 512);
    return changed;
  }),
  // A number in a header, with the checksum made right again.
  fc.tuple(place, fc.uint8Array({ minLength: 12, maxLength: 12 })).map(([at, size]): Damage => (bytes) => {
    const changed = bytes.slice();
    const start = 512 * Math.floor(at * Math.floor(bytes.length / 512));
    const header = changed.subarray(start, start + 512);
    if (header.length < 512) return changed;
    header.set(size, 124);
    header.fill(0x20, 148, 156);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.set(new TextEncoder().encode(sum.toString(8).padStart(6, "0") + "\0 "), 148);
    return changed;
  }),
  place.map((at): Damage => (bytes) => bytes.slice(0, Math.floor(at * bytes.length))),
);

Deno.test("openArchive() of a damaged archive opens it or says what is wrong, and reads little", async () => {
  await using temp = await makeTempDir();
  const path = temp.join("damaged.tar");
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...FIXTURES),
      fc.array(damages, { minLength: 1, maxLength: 4 }),
      async (fixture, steps) => {
        const whole = await Deno.readFile(`tests/fixtures/archives/${fixture}.tar`);
        const damaged = steps.reduce((bytes, damage) => damage(bytes), whole as Uint8Array);
        await Deno.writeFile(path, damaged);
        try {
          using archive = await openArchive(path);
          assert(archive.readBytes <= 4 * damaged.length + 65_536, `${archive.readBytes} bytes read`);
          for (const blob of archive.images.flatMap(({ root }) => root.blobs)) {
            let sizeBytes = 0;
            for await (const chunk of archive.openBlob(blob)) sizeBytes += chunk.length;
            assert.equal(sizeBytes, blob.size);
          }
        } catch (error) {
          if (!isPusherError(error)) throw error;
          assert.match(error.code, /^ARCHIVE_/);
          assert.match(error.message, /^Cannot open ".*": /);
        }
      },
    ),
    { numRuns: 300 },
  );
});
