import type { Clock } from "../../util/clock.ts";
import type { RegistryStore } from "../registry_store.ts";
import { LayoutStore } from "./layout_store.ts";
import type { ServedLayout } from "./served_layout.ts";

/**
 * Makes a registry of a directory: what it lists can be pulled, and what is pushed is kept in it, as an OCI image layout that
 * other tools read. Several processes may write it; changes by others are noticed.
 *
 * @param layout The directory, which need not exist: an `ImageLayout`.
 * @param clock Time.
 * @returns The store, with a `writer`.
 * @throws {PusherError} `STATE_CORRUPT` if it holds something else; `STATE_UNWRITABLE`, `STATE_UNREADABLE`.
 *
 * @example An embedded registry that takes pushes
 * ```ts
 * import {
 *   createRegistryHandler,
 *   ImageLayout,
 *   openLayoutStore,
 *   startHttpService,
 *   systemClock as clock,
 * } from "../../mod.ts";
 * import assert from "node:assert/strict";
 *
 * const directory = await Deno.makeTempDir();
 * const store = await openLayoutStore(new ImageLayout(directory, clock), clock);
 * const service = startHttpService(createRegistryHandler(store), { hostname: "127.0.0.1", port: 0, clock });
 * const url = `http://127.0.0.1:${service.address.port}/v2/team/app/blobs/uploads/`;
 * const answer = await fetch(url, { method: "POST" });
 * assert.equal(answer.status, 202);
 * await answer.body?.cancel();
 * await service.stop(1_000);
 * await Deno.remove(directory, { recursive: true });
 * ```
 */
export async function openLayoutStore(layout: ServedLayout, clock: Clock): Promise<RegistryStore> {
  await layout.create();
  const store = new LayoutStore(layout, clock);
  // What is wrong with it is told now, not to whoever asks first.
  await store.list();
  return store;
}
