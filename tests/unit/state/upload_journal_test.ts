import assert from "node:assert/strict";
import { sha256Digest } from "../../../lib/spec/digest.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { fileNames } from "../../support/file_names.ts";
import { runCommand } from "../../support/run_command.ts";
import { makeTempDir } from "../../support/temp_dir.ts";
import { BLOB, createJournal, KEY, position, SOURCE, TARGET } from "./upload_fixture.ts";

const DAY_MS = 24 * 3_600_000;

/** Leaves a record of the upload in the journal of a state directory. */
async function leaveRecord(directory: string, clock = new FakeClock()): Promise<void> {
  using entry = await createJournal(directory, clock).journal.claim(TARGET, BLOB, SOURCE);
  await entry!.save(position(400_000));
}

/** Changes the record that was left. */
async function tamper(directory: string, change: Record<string, unknown>): Promise<void> {
  const path = `${directory}/uploads/${KEY}.json`;
  const record = JSON.parse(await Deno.readTextFile(path));
  await Deno.writeTextFile(path, JSON.stringify({ ...record, ...change }));
}

Deno.test("UploadJournal gives a later process what an earlier one saved last", async () => {
  await using temp = await makeTempDir();
  {
    using entry = await createJournal(temp.path).journal.claim(TARGET, BLOB, SOURCE);
    assert.equal(entry?.record, undefined);
    await entry!.save(position(100_000));
    await entry!.save(position(1_000_000));
  }
  const { journal, warnings, notices } = createJournal(temp.path);
  using entry = await journal.claim(TARGET, BLOB, SOURCE);
  assert.partialDeepStrictEqual(entry?.record, position(1_000_000));
  assert.deepEqual([...warnings, ...notices], []);
});

Deno.test("UploadJournal keeps targets and blobs apart", async () => {
  await using temp = await makeTempDir();
  await leaveRecord(temp.path);
  const { journal } = createJournal(temp.path);
  using elsewhere = await journal.claim(`${TARGET}2`, BLOB, SOURCE);
  const otherBlob = { ...BLOB, digest: sha256Digest("c".repeat(64)) };
  using other = await journal.claim(TARGET, otherBlob, SOURCE);
  assert.ok(elsewhere && other);
  assert.deepEqual([elsewhere.record, other.record], [undefined, undefined]);
});

Deno.test("UploadJournal forgets what is removed, and removing nothing is no failure", async () => {
  await using temp = await makeTempDir();
  await leaveRecord(temp.path);
  const { journal, warnings } = createJournal(temp.path);
  {
    using entry = await journal.claim(TARGET, BLOB, SOURCE);
    await entry!.remove();
    await entry!.remove();
  }
  assert.deepEqual(await fileNames(temp.join("uploads")), []);
  assert.deepEqual(warnings, []);
});

Deno.test("UploadJournal lets an entry be claimed once at a time within a process", async () => {
  await using temp = await makeTempDir();
  const { journal, warnings } = createJournal(temp.path);
  {
    using entry = await journal.claim(TARGET, BLOB, SOURCE);
    assert.ok(entry);
    assert.equal(await journal.claim(TARGET, BLOB, SOURCE), undefined);
    assert.equal(await createJournal(temp.path).journal.claim(TARGET, BLOB, SOURCE), undefined);
  }
  using entry = await journal.claim(TARGET, BLOB, SOURCE);
  assert.ok(entry);
  assert.deepEqual(warnings, []);
});

Deno.test({
  name: "UploadJournal lets its owner only read what it keeps",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using temp = await makeTempDir();
    using entry = await createJournal(temp.join("state")).journal.claim(TARGET, BLOB, SOURCE);
    await entry!.save(position(1));
    const modes = await Promise.all(
      ["state", "state/uploads", `state/uploads/${KEY}.json`, `state/uploads/${KEY}.lock`]
        .map(async (name) => (await Deno.stat(temp.join(name))).mode! & 0o777),
    );
    assert.deepEqual(modes, [0o700, 0o700, 0o600, 0o600]);
  },
});

Deno.test("UploadJournal never makes a path of what comes from outside", async () => {
  await using temp = await makeTempDir();
  const { journal, notices } = createJournal(temp.join("state"));
  const targets = ["../../evil", "/etc/passwd", "a\0b", "con:1/../x", "\x1b[31mred", "ü".repeat(5_000), ""];
  for (const target of targets) {
    using entry = await journal.claim(target, BLOB, SOURCE);
    await entry!.save(position(1));
  }
  assert.deepEqual(await fileNames(temp.path), ["state"]);
  const names = await fileNames(temp.join("state/uploads"));
  assert.equal(names.length, targets.length);
  assert.ok(names.every((name) => /^[0-9a-f]{64}\.json$/.test(name)), names.join());
  using entry = await journal.claim("\x1b[31mred", BLOB, "another");
  assert.equal(entry!.record, undefined);
  assert.match(notices[0]!, /^The upload of bbbbbbbbbbbb to \\u\{1b\}\[31mred starts over/);
});

Deno.test("UploadJournal starts over when the archive changed, saying so once", async () => {
  await using temp = await makeTempDir();
  await leaveRecord(temp.path);
  const { journal, warnings, notices } = createJournal(temp.path, new FakeClock());
  for (let attempt = 0; attempt < 2; attempt++) {
    using entry = await journal.claim(TARGET, BLOB, `${SOURCE}1`);
    assert.equal(entry!.record, undefined);
  }
  assert.deepEqual(notices, [
    `The upload of bbbbbbbbbbbb to ${TARGET} starts over: the archive changed since.`,
  ]);
  assert.deepEqual(warnings, []);
});

for (
  const [what, change] of [
    ["target", { target: "registry.example/team/other" }],
    ["digest", { digest: `sha256:${"c".repeat(64)}` }],
    ["size", { sizeBytes: 999_999 }],
  ] as const
) {
  Deno.test(`UploadJournal sets a record of another ${what} aside`, async () => {
    await using temp = await makeTempDir();
    await leaveRecord(temp.path);
    await tamper(temp.path, change);
    const { journal, warnings } = createJournal(temp.path, new FakeClock());
    using entry = await journal.claim(TARGET, BLOB, SOURCE);
    assert.equal(entry!.record, undefined);
    assert.match(warnings[0]!, /it is of another upload; .* and its upload starts over\.$/);
    assert.deepEqual(await fileNames(temp.join("uploads")), [`${KEY}.json.corrupt-1`, `${KEY}.lock`]);
  });
}

Deno.test("UploadJournal forgets an upload after 24 hours", async () => {
  await using temp = await makeTempDir();
  const clock = new FakeClock();
  await leaveRecord(temp.path, clock);
  const { journal, notices } = createJournal(temp.path, clock);
  await clock.advance(DAY_MS);
  {
    using entry = await journal.claim(TARGET, BLOB, SOURCE);
    assert.equal(entry!.record!.offsetBytes, 400_000);
  }
  await clock.advance(1);
  using entry = await journal.claim(TARGET, BLOB, SOURCE);
  assert.equal(entry!.record, undefined);
  assert.match(notices[0]!, /starts over: it was left more than 24 hours ago\.$/);
});

Deno.test("UploadJournal clears away what is older than a day when it is opened", async () => {
  await using temp = await makeTempDir();
  await leaveRecord(temp.path);
  const { mtime } = await Deno.stat(temp.join(`uploads/${KEY}.json`));
  const clock = new FakeClock({ nowMs: mtime!.getTime() + DAY_MS + 1 });
  using _entry = await createJournal(temp.path, clock).journal.claim("other.example/app", BLOB, SOURCE);
  const names = await fileNames(temp.join("uploads"));
  assert.equal(names.length, 1);
  assert.ok(names[0]!.endsWith(".lock"));
});

for (
  const [what, content] of [
    ["is not JSON", "first {"],
    ["is empty", ""],
    ["is of another program", '{"name":"left-pad"}'],
    ["is of a later version", record({ version: 2 })],
    ["has a location that is no URL", record({ location: "/uploads/1" })],
    ["has an offset beyond the end", record({ offsetBytes: 1_000_001 })],
    ["has an offset that no file has", record({ offsetBytes: -1 })],
    ["is too large to be ours", "x".repeat(4 * 2 ** 20 + 1)],
  ] as const
) {
  Deno.test(`UploadJournal sets a file aside that ${what}, warns, and goes on`, async () => {
    await using temp = await makeTempDir();
    const path = temp.join(`uploads/${KEY}.json`);
    await Deno.mkdir(temp.join("uploads"));
    await Deno.writeTextFile(path, content);
    const { journal, warnings, notices } = createJournal(temp.path);
    {
      using entry = await journal.claim(TARGET, BLOB, SOURCE);
      assert.equal(entry!.record, undefined);
      await entry!.save(position(7));
    }
    using entry = await journal.claim(TARGET, BLOB, SOURCE);
    assert.equal(entry!.record!.offsetBytes, 7);
    assert.ok(await Deno.readTextFile(`${path}.corrupt-1`) === content);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0]!, /\.json\.corrupt-1" and its upload starts over\.$/);
    assert.deepEqual(notices, []);
  });
}

Deno.test("UploadJournal does not write through a symbolic link", async () => {
  await using temp = await makeTempDir();
  const { journal, warnings } = createJournal(temp.path);
  using entry = await journal.claim(TARGET, BLOB, SOURCE);
  await Deno.symlink(temp.join("elsewhere"), temp.join(`uploads/${KEY}.json`));
  await entry!.save(position(1));
  assert.deepEqual(await fileNames(temp.path), ["uploads"]);
  assert.match(warnings[0]!, /\(it is a symbolic link\)/);
});

Deno.test("UploadJournal remembers nothing and says so once where it cannot be", async () => {
  await using temp = await makeTempDir();
  await Deno.writeTextFile(temp.join("file"), "");
  const { journal, warnings } = createJournal(temp.join("file"));
  const claims = [1, 2, 3].map((number) => journal.claim(`${TARGET}${number}`, BLOB, SOURCE));
  assert.deepEqual(await Promise.all(claims), [undefined, undefined, undefined]);
  assert.equal(await journal.claim(TARGET, BLOB, SOURCE), undefined);
  assert.equal(warnings.length, 1);
  assert.ok(warnings[0]!.startsWith(`Uploads cannot be remembered in "${temp.join("file/uploads")}" (`));
  assert.ok(warnings[0]!.endsWith("): a broken push will start its unfinished blobs over."));
});

Deno.test({
  name: "UploadJournal says once that the disk is full, and what was saved before still serves",
  // Only root may mount a disk.
  ignore: Deno.build.os !== "linux" || Deno.uid() !== 0,
  async fn() {
    await using disk = await makeTempDir();
    await runCommand(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk.path]);
    try {
      const { journal, warnings } = createJournal(disk.path);
      {
        using entry = await journal.claim(TARGET, BLOB, SOURCE);
        await entry!.save(position(1));
        await fill(disk.join("filler"));
        await entry!.save(position(2));
        await entry!.save(position(3));
      }
      assert.equal(await journal.claim(TARGET, BLOB, SOURCE), undefined);
      assert.equal(warnings.length, 1);
      assert.match(warnings[0]!, /^Uploads cannot be remembered in .+ \(no space left on device\): /);
      assert.deepEqual(await fileNames(disk.join("uploads")), [`${KEY}.json`]);
      using entry = await createJournal(disk.path).journal.claim(TARGET, BLOB, SOURCE);
      assert.equal(entry!.record!.offsetBytes, 1);
      await entry!.remove();
      assert.deepEqual(await fileNames(disk.join("uploads")), [`${KEY}.lock`]);
    } finally {
      await runCommand(["umount", disk.path]);
    }
  },
});

Deno.test({
  name: "UploadJournal says once that the disk is read-only",
  ignore: Deno.build.os !== "linux" || Deno.uid() !== 0,
  async fn() {
    await using disk = await makeTempDir();
    await runCommand(["mount", "-t", "tmpfs", "tmpfs", disk.path]);
    try {
      await leaveRecord(disk.path);
      await runCommand(["mount", "-o", "remount,ro", disk.path]);
      const { journal, warnings } = createJournal(disk.path);
      assert.equal(await journal.claim(TARGET, BLOB, SOURCE), undefined);
      assert.equal(await journal.claim(TARGET, BLOB, SOURCE), undefined);
      assert.equal(warnings.length, 1);
      assert.match(warnings[0]!, /\(read-only file system\)/);
    } finally {
      await runCommand(["umount", disk.path]);
    }
  },
});

async function fill(path: string): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true });
  const write = async (): Promise<never> => {
    for (;;) await file.write(new Uint8Array(4096));
  };
  await assert.rejects(write, /No space left/);
}

function record(change: Record<string, unknown>): string {
  return JSON.stringify({
    version: 1,
    target: TARGET,
    digest: BLOB.digest,
    sizeBytes: BLOB.size,
    source: SOURCE,
    ...position(1),
    updatedAt: "2026-01-01T00:00:00.000Z",
    ...change,
  });
}
