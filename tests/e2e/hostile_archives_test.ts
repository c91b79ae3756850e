import assert from "node:assert/strict";
import { HOSTILE_ARCHIVES, writeHostileArchive } from "../support/hostile_archives.ts";
import { assertRefused } from "../support/refusal.ts";
import { runCli } from "../support/run_cli.ts";
import { makeTempDir } from "../support/temp_dir.ts";
import { startTestRegistry } from "../support/test_registry.ts";

/** With more on its heap it would crash, and end with another code. */
const MAX_HEAP = "--max-old-space-size=192";

for (const [what, archive] of Object.entries(HOSTILE_ARCHIVES)) {
  Deno.test(`push refuses ${what}, without asking the registry anything`, async () => {
    await using dir = await makeTempDir();
    await using registry = startTestRegistry();
    await writeHostileArchive(archive, dir.join("app.tar"));
    const env = { DENO_V8_FLAGS: MAX_HEAP };
    const push = ["push", dir.join("app.tar"), "-t", `${registry.host}/app:1`];
    const result = await runCli(push, { env });
    assertRefused(result, { code: 3, message: archive.message, hint: /^hint: [A-Z]/ });
    assert.equal(registry.requests.length, 0);
    // From a pipe, blobs may have been sent before it was known what is wrong.
    const stdin = (await Deno.open(dir.join("app.tar"))).readable;
    const piped = await runCli(["push", "-", "-t", `${registry.host}/app:1`], { env, stdin });
    assertRefused(piped, { code: 3, message: archive.message, hint: /^hint: [A-Z]/ });
    assert.equal(registry.repository("app").tags.size, 0);
  });
}
