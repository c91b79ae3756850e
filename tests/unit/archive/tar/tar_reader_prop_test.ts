import assert from "node:assert/strict";
import fc from "fast-check";
import { packTar, type ParsedTarEntryWithData, unpackTar } from "modern-tar";
import { hasTarChecksum } from "../../../../lib/archive/tar/tar_header.ts";
import { ReadWindow } from "../../../../lib/archive/read_window.ts";
import { readTarEntries, type TarEntry } from "../../../../lib/archive/tar/tar_reader.ts";
import { isPusherError } from "../../../../lib/errors.ts";
import { concatBytes, memoryBytes, paxRecords, tarBytes, type TarMember } from "../../../support/archives.ts";

const BLOCK_BYTES = 512;

/** Where the type of an entry is in its header. */
const TYPE_OFFSET = 156;

/** What a reader should find in some members. */
interface Written {
  members: TarMember[];
  expected: { name: string; type: TarEntry["type"]; linkTarget: string; body: Uint8Array };
}

/** A name as long as it may be, in any alphabet, that every format can hold in some way. */
const name = fc.oneof(
  fc.string({ minLength: 1, maxLength: 60, unit: "grapheme" }),
  fc.string({ minLength: 1, maxLength: 400, unit: "grapheme-ascii" }),
  fc.constantFrom(
    "manifest.json",
    "./index.json",
    "blobs/sha256/" + "a".repeat(64),
    "blobs/sha512/" + "b".repeat(128),
  ),
).filter((text) => !/[\0\n]|\/$/.test(text));

const body = fc.oneof(fc.uint8Array({ maxLength: 1200 }), fc.constant(new Uint8Array(BLOCK_BYTES)));

/** Ways of writing a file: every format, with the size and the name where it keeps them. */
const file: fc.Arbitrary<Written> = fc.tuple(
  name,
  body,
  fc.constantFrom("ustar" as const, "gnu" as const, "v7" as const),
  fc.constantFrom("octal" as const, "octal12" as const, "base256" as const, "pax" as const),
).map(([name, body, format, size]) => {
  const isShort = new TextEncoder().encode(name).length <= 100;
  const pax = {
    ...(isShort || format === "gnu" ? {} : { path: name }),
    ...(size === "pax" ? { size: String(body.length) } : {}),
  };
  const main: TarMember = {
    name: isShort ? name : "cut",
    body,
    format,
    ...(size === "pax" ? { sizeBytes: 0 } : { sizeFormat: size }),
    ...(Object.keys(pax).length > 0 ? { pax } : {}),
  };
  const longName: TarMember = { name: "././@LongLink", type: "L", format: "gnu", body: `${name}\0` };
  return {
    members: isShort || format !== "gnu" ? [main] : [longName, main],
    expected: { name, type: "file", linkTarget: "", body },
  };
});

const link: fc.Arbitrary<Written> = fc.tuple(name, name, fc.boolean()).map((
  [name, linkTarget, isSymbolic],
) => ({
  members: [{
    name: "cut",
    type: isSymbolic ? "2" : "1",
    linkTarget: "cut",
    pax: { path: name, linkpath: linkTarget },
  }],
  expected: { name, type: isSymbolic ? "symlink" : "hardlink", linkTarget, body: new Uint8Array() },
}));

const directory: fc.Arbitrary<Written> = fc.constantFrom("blobs/", "../", "a/b/").map((name) => ({
  members: [{ name, type: "5" }],
  expected: { name, type: "directory", linkTarget: "", body: new Uint8Array() },
}));

const written = fc.array(fc.oneof({ weight: 4, arbitrary: file }, link, directory), { maxLength: 8 });

async function read(bytes: Uint8Array): Promise<(TarEntry & { body: Uint8Array })[]> {
  const entries = await Array.fromAsync(readTarEntries(new ReadWindow(memoryBytes(bytes))));
  return entries.map((entry) => ({
    ...entry,
    body: bytes.subarray(entry.offsetBytes, entry.offsetBytes + entry.sizeBytes),
  }));
}

Deno.test("readTarEntries() gives back what was written, in every format", async () => {
  await fc.assert(
    fc.asyncProperty(written, async (parts) => {
      const entries = await read(tarBytes(parts.flatMap(({ members }) => members)));
      assert.deepEqual(
        entries.map(({ name, type, linkTarget, body }) => ({ name, type, linkTarget, body })),
        parts.map(({ expected }) => expected),
      );
    }),
    { numRuns: 500 },
  );
});

Deno.test("readTarEntries() reads what modern-tar writes", async () => {
  const members = fc.array(fc.tuple(name, body), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(members, async (members) => {
      const bytes = await packTar(
        members.map(([name, body]) => ({ header: { name, size: body.length }, body })),
      );
      assert.deepEqual((await read(bytes)).map(({ name, body }) => [name, body]), members);
    }),
    { numRuns: 300 },
  );
});

type Damage = (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;

const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });

const flip: fc.Arbitrary<Damage> = fc.tuple(place, fc.integer({ min: 1, max: 255 })).map(
  ([at, change]) => (bytes) => {
    const changed = bytes.slice();
    if (bytes.length > 0) changed[Math.floor(at * bytes.length)]! ^= change;
    return changed;
  },
);

const cut: fc.Arbitrary<Damage> = place.map((at) => (bytes) => bytes.slice(0, Math.floor(at * bytes.length)));

/** Overwrites a field of a header and makes its checksum right again: an attack, not an accident. */
const forge: fc.Arbitrary<Damage> = fc.tuple(
  place,
  fc.constantFrom([0, 100], [124, 136], [156, 157], [157, 257], [257, 265], [345, 500], [482, 483]),
  fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 12 }),
    fc.constantFrom(
      "00000001000\0",
      "77777777777\0",
      "777777777777",
      "-0000000001\0",
      "x",
      "g",
      "L",
      "S",
      "5",
    )
      .map((text) => new TextEncoder().encode(text)),
  ),
).map(([at, [start, end], value]) => (bytes) => {
  const changed = bytes.slice();
  const block = BLOCK_BYTES * Math.floor(at * Math.floor(bytes.length / BLOCK_BYTES));
  const header = changed.subarray(block, block + BLOCK_BYTES);
  if (header.length < BLOCK_BYTES) return changed;
  header.set(value.subarray(0, end! - start!), start);
  header.fill(0x20, 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.set(new TextEncoder().encode(sum.toString(8).padStart(6, "0") + "\0 "), 148);
  return changed;
});

/** Puts an extended header somewhere, whose records lie about what follows. */
const extend: fc.Arbitrary<Damage> = fc.tuple(
  place,
  fc.constantFrom("x", "g"),
  fc.oneof(
    fc.dictionary(
      fc.constantFrom("size", "path", "linkpath", "GNU.sparse.major", "GNU.sparse.name"),
      fc.oneof(
        fc.string({ minLength: 1, unit: "grapheme" }),
        fc.bigInt().map(String),
        fc.nat({ max: 5000 }).map(String),
      ),
    ).map(paxRecords),
    fc.string({ unit: "grapheme-ascii" }).map((text) => new TextEncoder().encode(text)),
    fc.constantFrom("9999999 a=b\n", "6 a=b\n6 a=b", "0 \n", "-1 a=b\n", "10 =\n").map((text) =>
      new TextEncoder().encode(text)
    ),
  ),
).map(([at, type, body]) => (bytes) => {
  const offset = BLOCK_BYTES * Math.floor(at * Math.floor(bytes.length / BLOCK_BYTES));
  const header = tarBytes([{ name: "PaxHeaders/x", type, body }], { endBlocks: 0 });
  return concatBytes([bytes.slice(0, offset), header, bytes.slice(offset)]);
});

/** Reads damaged bytes; gives what was found, or `undefined` if they were refused as they should be. */
async function readDamaged(bytes: Uint8Array): Promise<Awaited<ReturnType<typeof read>> | undefined> {
  const source = memoryBytes(bytes);
  try {
    for await (const { offsetBytes, sizeBytes } of readTarEntries(new ReadWindow(source))) {
      assert(offsetBytes % BLOCK_BYTES === 0 && sizeBytes >= 0 && offsetBytes + sizeBytes <= bytes.length);
    }
    return await read(bytes);
  } catch (error) {
    if (!isPusherError(error)) throw error;
    assert.match(error.code, /^ARCHIVE_(?:CORRUPT|UNSUPPORTED)$/);
    assert.match(error.message, /^Cannot open "memory\.tar": /);
    return undefined;
  } finally {
    assert(source.readBytes <= bytes.length + 2 ** 16, "reads each byte once");
  }
}

Deno.test("readTarEntries() refuses what was changed in a header, or reads it as before", async () => {
  // No extensions: their bodies have no checksum.
  const plain = fc.array(
    fc.tuple(fc.string({ minLength: 1, maxLength: 80, unit: "grapheme-ascii" }), body),
    { minLength: 1, maxLength: 5 },
  );
  await fc.assert(
    fc.asyncProperty(plain, flip, async (members, damage) => {
      const bytes = tarBytes(members.map(([name, body]) => ({ name, body })));
      const found = await readDamaged(damage(bytes));
      const layout = (entries: readonly TarEntry[]): unknown =>
        entries.map(({ name, sizeBytes, offsetBytes }) => [name, sizeBytes, offsetBytes]);
      if (found) assert.deepEqual(layout(found), layout(await read(bytes)));
    }),
    { numRuns: 500 },
  );
});

Deno.test("readTarEntries() of an archive that was cut off finds what was whole, or says where it ends", async () => {
  await fc.assert(
    fc.asyncProperty(written, cut, async (parts, damage) => {
      const bytes = tarBytes(parts.flatMap(({ members }) => members));
      const found = await readDamaged(damage(bytes));
      if (!found) return;
      const whole = await read(bytes);
      assert.deepEqual(found, whole.slice(0, found.length));
    }),
    { numRuns: 300 },
  );
});

/**
 * What two readers must agree on: how many entries there are, and what files hold. Not on sparse ones, which modern-tar
 * does not know, nor on names that end in a slash, which it takes for directories.
 */
function assertAgree(
  found: Awaited<ReturnType<typeof read>>,
  others: readonly ParsedTarEntryWithData[],
): void {
  assert.equal(found.length, others.length);
  for (const [at, { type, name, body }] of found.entries()) {
    const { header, data } = others[at]!;
    if (type === "file" && !name.endsWith("/")) {
      assert.deepEqual([header.type, header.name, data], ["file", name, body]);
    }
  }
}

/** Whether there may be several extensions to one entry: then modern-tar forgets those of PAX, which Go's reader does not. */
function mayCombineExtensions(bytes: Uint8Array): boolean {
  let extensions = 0;
  for (let at = 0; at + BLOCK_BYTES <= bytes.length; at += BLOCK_BYTES) {
    const block = bytes.subarray(at, at + BLOCK_BYTES);
    if (hasTarChecksum(block) && "xgLK".includes(String.fromCharCode(block[TYPE_OFFSET]!))) extensions++;
    else if (hasTarChecksum(block)) extensions = 0;
    if (extensions > 1) return true;
  }
  return false;
}

Deno.test("readTarEntries() agrees with modern-tar on what both take, whatever was done to it", async () => {
  const damages = fc.array(fc.oneof(flip, cut, forge, extend), { maxLength: 3 });
  let agreed = 0;
  await fc.assert(
    fc.asyncProperty(written, damages, async (parts, damages) => {
      const whole = tarBytes(parts.flatMap(({ members }) => members));
      const bytes = damages.reduce((bytes, damage) => damage(bytes), whole);
      const found = await readDamaged(bytes);
      const others = await unpackTar(bytes, { strict: true }).catch(() => undefined);
      if (!found || !others || mayCombineExtensions(bytes)) return;
      agreed++;
      assertAgree(found, others);
    }),
    { numRuns: 1000 },
  );
  assert(agreed > 100, `only ${agreed} were taken by both`);
});
