import assert from "node:assert/strict";
import { joinSources } from "../../../../lib/transfer/push/joined_source.ts";
import { MemoryBlobs } from "../memory_blobs.ts";
import { makeImage, makeManifest } from "../fetch/memory_images.ts";

Deno.test("joinSources() reads each blob from the first source that has it", async () => {
  const [first, second] = [new MemoryBlobs(), new MemoryBlobs()];
  const a = makeImage(await makeManifest(first, "config a", ["shared", "only a"]));
  const b = makeImage(await makeManifest(second, "config b", ["shared", "only b"]));
  const joined = joinSources([{ image: a, source: first }, { image: b, source: second }]);
  const read = async (blob: typeof a.root.blobs[number]): Promise<string> => {
    const decoder = new TextDecoder();
    let text = "";
    for await (const chunk of joined.openBlob(blob)) text += decoder.decode(chunk);
    return text;
  };
  assert.deepEqual(await Promise.all([...a.root.blobs, ...b.root.blobs].map(read)), [
    "config a",
    "shared",
    "only a",
    "config b",
    "shared",
    "only b",
  ]);
  assert.deepEqual([first.opened.length, second.opened.length], [4, 2]);
  assert.equal(joined.identityOf(b.root.blobs[2]!), second.identityOf());
  const unknown = await new MemoryBlobs().add(new Uint8Array(3));
  assert.throws(() => joined.openBlob(unknown), RangeError);
});
