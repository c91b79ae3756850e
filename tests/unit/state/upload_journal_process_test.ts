import assert from "node:assert/strict";
import { ProcessOutput } from "../../support/process_output.ts";
import { seededRandom } from "../../support/seeded_random.ts";
import { makeTempDir } from "../../support/temp_dir.ts";
import { BLOB, createJournal, SOURCE, TARGET } from "./upload_fixture.ts";

interface RunningScript {
  output: ProcessOutput;
  /** Gives it a byte on stdin. */
  signal(): Promise<void>;
  /** Ends it as `kill -9` does. */
  kill(): Promise<void>;
}

function startScript(name: string, directory: string): RunningScript {
  const script = new URL(name, import.meta.url).href;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-lock", script, directory],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const output = new ProcessOutput(child.stdout);
  const stdin = child.stdin.getWriter();
  return {
    output,
    signal: () => stdin.write(new Uint8Array(1)),
    async kill() {
      child.kill("SIGKILL");
      await Promise.all([child.status, output.ended, stdin.abort().catch(() => {})]);
    },
  };
}

Deno.test("UploadJournal gives an entry to one of several processes, and to the next when that is killed", async () => {
  await using temp = await makeTempDir();
  const holders = Array.from({ length: 4 }, () => startScript("./hold_upload.ts", temp.path));
  await Promise.all(holders.map(({ output }) => output.waitFor(/ready/)));
  await Promise.all(holders.map(({ signal }) => signal()));
  const answers = await Promise.all(holders.map(({ output }) => output.waitFor(/claimed|taken/)));
  assert.deepEqual(answers.map(([answer]) => answer).sort(), ["claimed", "taken", "taken", "taken"]);

  const { journal, warnings } = createJournal(temp.path);
  const winner = holders.findIndex((_, index) => answers[index]![0] === "claimed");
  for (const loser of holders.toSpliced(winner, 1)) await loser.kill();
  assert.equal(await journal.claim(TARGET, BLOB, SOURCE), undefined);
  await holders[winner]!.kill();
  using entry = await journal.claim(TARGET, BLOB, SOURCE);
  assert.ok(entry);
  assert.deepEqual(warnings, []);
});

Deno.test("UploadJournal has the last position or the next whenever a process is killed", async () => {
  await using temp = await makeTempDir();
  const random = seededRandom(3);
  for (let round = 0; round < 24; round++) {
    const saver = startScript("./save_upload.ts", temp.path);
    await saver.output.waitFor(new RegExp(`^${1 + Math.floor(random() * 60)}$`, "m"));
    await saver.kill();
    const saved = saver.output.text.trim().split("\n").length;

    const { journal, warnings, notices } = createJournal(temp.path);
    using entry = await journal.claim(TARGET, BLOB, SOURCE);
    const offsetBytes = entry!.record!.offsetBytes;
    assert.ok(offsetBytes === saved || offsetBytes === saved + 1, `${offsetBytes} after ${saved} saves`);
    assert.deepEqual([...warnings, ...notices], []);
  }
});
