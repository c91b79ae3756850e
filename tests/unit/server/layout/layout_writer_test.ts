import assert from "node:assert/strict";
import { ImageLayout } from "../../../../lib/layout/image_layout.ts";
import { systemClock } from "../../../../lib/util/clock.ts";
import { DyingDisk } from "../../../support/dying_disk.ts";
import { ask, openServedStore, prepareImage, pushManifest } from "../../../support/served_store.ts";

Deno.test("LayoutWriter lists no manifest that is gone, when two writers push and delete it all the time", async () => {
  await using store = await openServedStore();
  await using _disk = new DyingDisk(Infinity, "kill");
  const handlers = [store.handler, await store.reopen()];
  const image = await prepareImage(store.handler, "app");
  const { digest } = await pushManifest(store.handler, "app:1", image);
  const layout = new ImageLayout(store.path, systemClock);
  for (let round = 0; round < 20; round++) {
    const [deleted, pushed] = await Promise.all([
      ask(handlers[round % 2]!, `DELETE /v2/app/manifests/${digest}`),
      pushManifest(handlers[1 - round % 2]!, "app:1", image),
    ]);
    assert.ok([202, 404].includes(deleted.status), deleted.text);
    assert.equal(pushed.answer.status, 201, pushed.answer.text);
    for (const entry of (await layout.readIndex()).manifests) assert.ok(await layout.blobSize(entry.digest));
  }
});
