import assert from "node:assert/strict";
import { ArchiveDirectory } from "../../../lib/archive/archive_directory.ts";
import type { ArchiveEntry } from "../../../lib/archive/archive_entries.ts";
import { isPusherError } from "../../../lib/errors.ts";
import { writeDirectory } from "../../support/archive_directories.ts";
import type { TarMember } from "../../support/archives.ts";
import { makeTempDir, type TempDir } from "../../support/temp_dir.ts";

const IS_WINDOWS = Deno.build.os === "windows";

interface Stage extends AsyncDisposable {
  temp: TempDir;
  directory: ArchiveDirectory;
}

async function openDirectory(members: readonly TarMember[]): Promise<Stage> {
  await using resources = new AsyncDisposableStack();
  const temp = resources.use(await makeTempDir());
  const directory = resources.use(await ArchiveDirectory.open(await writeDirectory(temp.join("d"), members)));
  const owned = resources.move();
  return { temp, directory, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function textOf(entry: ArchiveEntry | undefined): Promise<string> {
  assert(entry);
  return new TextDecoder().decode(await entry.read(entry.sizeBytes));
}

function symlink(name: string, linkTarget: string): TarMember {
  return { name, type: "2", linkTarget };
}

function isCorrupt(reason: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert(isPusherError(error, "ARCHIVE_CORRUPT"), String(error));
    assert.match(error.message, reason);
    return true;
  };
}

Deno.test("ArchiveDirectory.find() finds files by any form of their names, and counts what is read", async () => {
  await using stage = await openDirectory([{ name: "blobs/sha256/abc", body: "0123456789" }]);
  const { directory } = stage;
  const entry = await directory.find("./blobs//sha256/abc");
  assert.equal(entry?.name, "blobs/sha256/abc");
  assert.equal(entry.sizeBytes, 10);
  assert.equal(new TextDecoder().decode(await entry.read(3)), "012");
  let text = "";
  const part = entry.open({ offsetBytes: 2, lengthBytes: 3 });
  for await (const chunk of part) text += new TextDecoder().decode(chunk);
  assert.equal(text, "234");
  assert.throws(() => entry.open({ offsetBytes: 11 }), RangeError);
  assert.equal(directory.readBytes, 6);
  assert.equal(directory.sizeBytes, 10);
  assert.equal(await directory.find("blobs/sha256/none"), undefined);
  assert.equal(await directory.find("blobs/sha256/abc/below"), undefined);
  assert.equal(await directory.find("../d/blobs/sha256/abc"), undefined);
  assert.equal(await directory.has("blobs"), true);
  assert.equal(await directory.has("bloobs"), false);
});

Deno.test("ArchiveDirectory.find() tells by identity when a file has changed, each by itself", async () => {
  await using stage = await openDirectory([{ name: "a", body: "1" }, { name: "b", body: "1" }]);
  const { directory, temp } = stage;
  const identities = async (): Promise<(string | undefined)[]> =>
    await Promise.all(["a", "b"].map(async (name) => (await directory.find(name))?.identity));
  await Deno.utime(temp.join("d/a"), 1000, 1000);
  const [a, b] = await identities();
  await Deno.utime(temp.join("d/a"), 2000, 2000);
  const [changedA, sameB] = await identities();
  assert.notEqual(changedA, a);
  assert.equal(sameB, b);
  await Deno.writeTextFile(temp.join("d/b"), "22");
  assert.notEqual((await identities())[1], b);
});

Deno.test({
  name:
    "ArchiveDirectory.find() follows links, in chains and through directories, as long as they stay inside",
  ignore: IS_WINDOWS,
  async fn() {
    await using stage = await openDirectory([
      { name: "deep/er/file", body: "x" },
      symlink("one", "two"),
      symlink("two", "deep/../deep/er/three"),
      symlink("deep/er/three", "file"),
      symlink("short", "deep/er"),
      symlink("nowhere", "gone"),
    ]);
    const { directory } = stage;
    for (const name of ["one", "two", "deep/er/three", "short/file", "short/three"]) {
      const entry = await directory.find(name);
      assert.equal(await textOf(entry), "x", name);
      assert.equal(entry?.name, "deep/er/file", name);
    }
    assert.equal(await directory.find("nowhere"), undefined);
  },
});

Deno.test({
  name:
    "ArchiveDirectory.find() refuses links that leave the directory or lead back to themselves, and what is no file",
  ignore: IS_WINDOWS,
  async fn() {
    await using stage = await openDirectory([
      { name: "file", body: "x" },
      { name: "sub", type: "5" },
      symlink("loop", "pool"),
      symlink("pool", "loop"),
      symlink("up", "../secret"),
      symlink("passwd", "/etc/passwd"),
      symlink("etc", "/etc"),
      symlink("sibling", "../d-too"),
      symlink("zero", "/dev/zero"),
    ]);
    const { directory, temp } = stage;
    await Deno.writeTextFile(temp.join("secret"), "s");
    await Deno.writeTextFile(temp.join("d-too"), "s");
    await assert.rejects(directory.find("loop"), isCorrupt(/"loop" is a link that leads back to itself$/));
    for (const name of ["up", "passwd", "etc/passwd", "sibling", "zero"]) {
      await assert.rejects(directory.find(name), isCorrupt(/is a link that leaves the directory, to "\//));
    }
    await assert.rejects(directory.find("sub"), isCorrupt(/the entry "sub" is no file$/));
  },
});

Deno.test({
  name: "ArchiveDirectory.find() does not wait for pipes",
  ignore: IS_WINDOWS,
  async fn() {
    await using stage = await openDirectory([]);
    const { directory, temp } = stage;
    const { success } = await new Deno.Command("mkfifo", { args: [temp.join("d/pipe")] }).output();
    assert(success);
    await assert.rejects(directory.find("pipe"), isCorrupt(/"pipe" is no file$/));
  },
});

Deno.test("ArchiveDirectory.find() of a file that has become shorter fails when it is read", async () => {
  await using stage = await openDirectory([{ name: "index.json", body: "0123456789" }]);
  const { directory, temp } = stage;
  const entry = await directory.find("index.json");
  await Deno.truncate(temp.join("d/index.json"), 5);
  await assert.rejects(entry!.read(10), isCorrupt(/the file ends inside "index\.json"$/));
});

Deno.test("ArchiveDirectory.names() lists three levels: down to blobs, and no further", async () => {
  await using stage = await openDirectory([
    { name: "etc/ssl/certs/ca.pem", body: "" },
    { name: "img/index.json", body: "" },
    { name: "readme", body: "" },
  ]);
  const names = [...await stage.directory.names()];
  assert.deepEqual(names.sort(), ["etc", "etc/ssl", "etc/ssl/certs", "img", "img/index.json", "readme"]);
});

Deno.test("ArchiveDirectory closes what nobody ended when it is disposed", async () => {
  await using stage = await openDirectory([{ name: "a", body: new Uint8Array(2 ** 20) }]);
  const entry = await stage.directory.find("a");
  // The resource sanitizer fails this test if the handle stays open.
  await entry!.open().getReader().read();
});

Deno.test("ArchiveDirectory.open() says that a directory is missing", async () => {
  await assert.rejects(
    ArchiveDirectory.open("tests/nowhere"),
    (error) => isPusherError(error, "ARCHIVE_NOT_FOUND"),
  );
});
