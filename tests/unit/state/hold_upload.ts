/** Claims the upload in the state directory of the first argument once it is told to, and holds it. */
import { BLOB, createJournal, SOURCE, TARGET } from "./upload_fixture.ts";

async function say(text: string): Promise<void> {
  await Deno.stdout.write(new TextEncoder().encode(`${text}\n`));
}

const { journal } = createJournal(Deno.args[0]!);
await say("ready");
await Deno.stdin.read(new Uint8Array(1));
using entry = await journal.claim(TARGET, BLOB, SOURCE);
await say(entry ? "claimed" : "taken");
await Deno.stdin.read(new Uint8Array(1));
