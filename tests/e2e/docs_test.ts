import assert from "node:assert/strict";
import { makePages } from "../../scripts/docs.ts";

Deno.test('the pages under docs/ are as "deno task docs" makes them', async () => {
  for (const [path, text] of await makePages()) {
    const committed = await Deno.readTextFile(new URL(`../../${path}`, import.meta.url));
    assert.equal(committed, text, `${path} is out of date: run "deno task docs"`);
  }
});
