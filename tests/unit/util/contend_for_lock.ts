/** Takes the lock in the directory of the first argument fifty times and fails if somebody else has it meanwhile. */
import { tryLockFile } from "../../../lib/util/lock_file.ts";

const [directory] = Deno.args as [string];
for (let turns = 0; turns < 50;) {
  using lock = await tryLockFile(`${directory}/a.lock`);
  if (!lock) continue;
  const proof = await Deno.open(`${directory}/proof`, { write: true, createNew: true });
  proof.close();
  await Deno.remove(`${directory}/proof`);
  turns++;
}
