/** Claims the upload in the state directory of the first argument and saves it at 1, 2, 3…, telling after each. */
import { BLOB, createJournal, position, SOURCE, TARGET } from "./upload_fixture.ts";

const { journal } = createJournal(Deno.args[0]!);
using entry = await journal.claim(TARGET, BLOB, SOURCE);
for (let offsetBytes = 1; entry && offsetBytes <= BLOB.size; offsetBytes++) {
  await entry.save(position(offsetBytes));
  await Deno.stdout.write(new TextEncoder().encode(`${offsetBytes}\n`));
}
