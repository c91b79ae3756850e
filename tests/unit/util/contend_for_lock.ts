/**
 * Takes the lock in the directory of the first argument fifty times, by the function that the second one names, and fails
 * if somebody else has it meanwhile.
 */
import { systemClock } from "../../../lib/util/clock.ts";
import { awaitLockFile, tryLockFile } from "../../../lib/util/lock_file.ts";

const [directory, how] = Deno.args as [string, string];
const path = `${directory}/a.lock`;
for (let turns = 0; turns < 50;) {
  using lock = how === "await"
    ? await awaitLockFile(path, { clock: systemClock, timeoutMs: Infinity })
    : await tryLockFile(path);
  if (!lock) continue;
  const proof = await Deno.open(`${directory}/proof`, { write: true, createNew: true });
  proof.close();
  await Deno.remove(`${directory}/proof`);
  turns++;
}
