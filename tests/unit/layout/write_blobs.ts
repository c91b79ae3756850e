/** Writes blobs into the layout of the first argument, and lists them, until it is killed; tells of the tenth. */
import { ImageLayout } from "../../../lib/layout/image_layout.ts";
import { digestOf } from "../../../lib/spec/digest.ts";
import { systemClock } from "../../../lib/util/clock.ts";

const [directory] = Deno.args as [string];
const layout = new ImageLayout(directory, systemClock);
for (let i = 0;; i++) {
  const bytes = new Uint8Array(100_000).fill(i);
  const blob = { mediaType: "application/octet-stream", digest: await digestOf(bytes), size: bytes.length };
  await layout.writeBlob(blob, bytes);
  await layout.updateIndex((entries) => [...entries.slice(-50), blob]);
  if (i === 10) await Deno.stdout.write(new TextEncoder().encode("10\n"));
}
