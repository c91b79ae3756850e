import assert from "node:assert/strict";
import { ArchiveFile } from "../../../lib/archive/archive_file.ts";
import { indexTar } from "../../../lib/archive/tar/tar_index.ts";
import { isPusherError } from "../../../lib/errors.ts";
import { tarHeader, type TarMember } from "../../support/archives.ts";
import { hasSparseFiles } from "../../support/sparse_archive.ts";
import { makeTempDir } from "../../support/temp_dir.ts";

const GIB = 2 ** 30;
const IS_WINDOWS = Deno.build.os === "windows";

async function collect(stream: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  for await (const chunk of stream) text += new TextDecoder().decode(chunk);
  return text;
}

Deno.test("ArchiveFile.readAt() reads anywhere and counts what it read", async () => {
  await using temp = await makeTempDir();
  await Deno.writeTextFile(`${temp.path}/a`, "0123456789");
  using file = await ArchiveFile.open(`${temp.path}/a`);
  assert.equal(file.sizeBytes, 10);
  const into = new Uint8Array(4);
  assert.equal(await file.readAt(into, 3), 4);
  assert.equal(new TextDecoder().decode(into), "3456");
  assert.equal(await file.readAt(into, 8), 2);
  assert.equal(await file.readAt(into, 20), 0);
  assert.equal(file.readBytes, 6);
});

Deno.test("ArchiveFile.stream() streams parts side by side", async () => {
  await using temp = await makeTempDir();
  await Deno.writeTextFile(`${temp.path}/a`, "0123456789");
  using file = await ArchiveFile.open(`${temp.path}/a`);
  const parts = await Promise.all([
    collect(file.stream({ name: "x", offsetBytes: 2, sizeBytes: 3 })),
    collect(file.stream({ name: "x", offsetBytes: 0, sizeBytes: 10 })),
    collect(file.stream({ name: "x", offsetBytes: 9, sizeBytes: 1 })),
    collect(file.stream({ name: "x", offsetBytes: 4, sizeBytes: 0 })),
  ]);
  assert.deepEqual(parts, ["234", "0123456789", "9", ""]);
  assert.equal(file.readBytes, 14);
});

Deno.test("ArchiveFile.stream() fails when the file has become shorter", async () => {
  await using temp = await makeTempDir();
  const path = `${temp.path}/a`;
  await Deno.writeFile(path, new Uint8Array(2 ** 20));
  using file = await ArchiveFile.open(path);
  await Deno.truncate(path, 700_000);
  await assert.rejects(
    collect(file.stream({ name: "layer", offsetBytes: 0, sizeBytes: 2 ** 20 })),
    (error) => {
      assert(isPusherError(error, "ARCHIVE_CORRUPT"));
      assert.match(error.message, /the file ends inside "layer": it became shorter while it was read$/);
      assert.deepEqual(error.detail, { path, entry: "layer", offsetBytes: 700_000 });
      return true;
    },
  );
});

Deno.test("ArchiveFile.stream() fails when the file is gone", async () => {
  await using temp = await makeTempDir();
  const path = `${temp.path}/a`;
  await Deno.writeTextFile(path, "0123456789");
  using file = await ArchiveFile.open(path);
  await Deno.rename(path, `${temp.path}/b`);
  await assert.rejects(
    collect(file.stream({ name: "layer", offsetBytes: 0, sizeBytes: 10 })),
    (error) => isPusherError(error, "ARCHIVE_CORRUPT") && error.cause instanceof Deno.errors.NotFound,
  );
});

Deno.test("ArchiveFile closes what nobody ended when it is disposed", async () => {
  await using temp = await makeTempDir();
  await Deno.writeFile(`${temp.path}/a`, new Uint8Array(2 ** 20));
  using file = await ArchiveFile.open(`${temp.path}/a`);
  // The resource sanitizer fails this test if the handle stays open.
  await file.stream({ name: "x", offsetBytes: 0, sizeBytes: 2 ** 20 }).getReader().read();
});

Deno.test("ArchiveFile.open() says that a file is missing", async () => {
  await using temp = await makeTempDir();
  await assert.rejects(ArchiveFile.open(`${temp.path}/no\nsuch`), (error) => {
    assert(isPusherError(error, "ARCHIVE_NOT_FOUND"));
    assert.equal(error.message, `Cannot open "${temp.path}/no\\u{a}such": no such file`);
    return true;
  });
});

Deno.test({
  name: "ArchiveFile.open() refuses devices and does not wait for pipes",
  ignore: IS_WINDOWS,
  async fn() {
    await assert.rejects(
      ArchiveFile.open("/dev/null"),
      (error) => isPusherError(error, "ARCHIVE_UNSUPPORTED") && error.detail.found === "special file",
    );
  },
});

Deno.test({
  name: "ArchiveFile.open() says that permission is missing",
  permissions: { read: ["tests"] },
  async fn() {
    await assert.rejects(ArchiveFile.open("lib/errors.ts"), (error) => {
      assert(isPusherError(error, "ARCHIVE_NOT_FOUND"));
      assert.match(error.message, /permission denied$/);
      return true;
    });
  },
});

Deno.test({
  name: "ArchiveFile.open() passes on what else the system says",
  ignore: IS_WINDOWS,
  async fn() {
    await using temp = await makeTempDir();
    await Deno.symlink("loop", `${temp.path}/loop`);
    await assert.rejects(
      ArchiveFile.open(`${temp.path}/loop`),
      (error) => isPusherError(error, "ARCHIVE_NOT_FOUND") && error.cause instanceof Error,
    );
  },
});

Deno.test({
  name: "indexTar() finds what follows bodies of more than 8 GiB, in every way to write their size",
  ignore: !await hasSparseFiles(),
  async fn() {
    await using temp = await makeTempDir();
    const path = `${temp.path}/large.tar`;
    const sizeBytes = 9 * GIB + 1;
    const headers: TarMember[][] = [
      [{ name: "gnu", sizeBytes, sizeFormat: "base256", format: "gnu" }],
      [{ name: "PaxHeaders/pax", type: "x", body: "19 size=9663676417\n" }, { name: "pax", sizeBytes: 0 }],
      [{ name: "busybox", sizeBytes, sizeFormat: "octal12" }],
    ];
    let offsetBytes = 0;
    {
      using file = await Deno.open(path, { write: true, create: true });
      const write = async (bytes: Uint8Array): Promise<void> => {
        await file.seek(offsetBytes, Deno.SeekMode.Start);
        await file.write(bytes);
        offsetBytes += 512;
      };
      for (const group of headers) {
        for (const member of group) {
          await write(tarHeader(member));
          if (member.body) await write(new TextEncoder().encode(String(member.body)));
        }
        offsetBytes += Math.ceil(sizeBytes / 512) * 512;
      }
      await write(tarHeader({ name: "last", body: "hello" }));
      await write(new TextEncoder().encode("hello"));
    }
    using file = await ArchiveFile.open(path);
    const index = await indexTar(file);
    for (const name of ["gnu", "pax", "busybox"]) {
      assert.equal((await index.find(name))?.sizeBytes, sizeBytes, name);
    }
    const last = await index.find("last");
    assert(last);
    assert.equal(await collect(file.stream(last)), "hello");
    assert(file.readBytes < 50_000, `${file.readBytes} bytes read`);
  },
});
