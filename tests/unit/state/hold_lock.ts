/** Takes the lock of the directory in the first argument, says so, and holds it until it is killed. */
import { lockState } from "../../../lib/state/state_lock.ts";
import { systemClock } from "../../../lib/util/clock.ts";

const lock = await lockState(Deno.args[0]!, systemClock);
await Deno.stdout.write(new TextEncoder().encode("locked\n"));
await systemClock.sleep(60_000);
lock[Symbol.dispose]();
