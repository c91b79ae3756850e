import assert from "node:assert/strict";
import {
  assertFixturePushed,
  DAMAGED_ARCHIVES,
  fixturePath,
  GOOD_ARCHIVES,
} from "../support/fixture_archives.ts";
import { testWith } from "../support/real_parts.ts";
import { startRealRegistry } from "../support/real_registry.ts";
import { assertRefused } from "../support/refusal.ts";
import { runCli } from "../support/run_cli.ts";
import { startTestRegistry, type TestRegistry } from "../support/test_registry.ts";

/** Pushes an archive, images without a name to repositories of their own; gives what was printed. */
async function pushAll(fixture: string, host: string): Promise<string[]> {
  const path = fixturePath(fixture);
  const { images } = JSON.parse((await runCli(["inspect", path, "--json"])).stdout);
  const commands = images.some(({ names }: { names: string[] }) => names.length > 0)
    ? [["--registry", `${host}/${fixture}`]]
    : images.map(({ digest }: { digest: string }, at: number) => [
      "--image",
      digest,
      "-t",
      `${host}/${fixture}/unnamed-${at}:1`,
    ]);
  const lines: string[] = [];
  for (const options of commands) {
    const { code, stdout, stderr } = await runCli(["push", path, ...options]);
    assert.equal(code, 0, stderr);
    lines.push(...stdout.trimEnd().split("\n"));
  }
  return lines;
}

async function assertPushes(fixture: string, registry: Pick<TestRegistry, "host" | "origin">): Promise<void> {
  await assertFixturePushed(fixture, registry, await pushAll(fixture, registry.host));
}

for (const fixture of Object.keys(GOOD_ARCHIVES)) {
  Deno.test(`push brings all of ${fixture} to a registry as it is`, async () => {
    await using registry = startTestRegistry({ profile: "distribution-2.8" });
    await assertPushes(fixture, registry);
  });
}

testWith(["registry"], "push brings all good archives to docker-registry as they are", async () => {
  await using registry = await startRealRegistry();
  for (const fixture of Object.keys(GOOD_ARCHIVES)) await assertPushes(fixture, registry);
});

for (const [fixture, refusal] of Object.entries(DAMAGED_ARCHIVES)) {
  Deno.test(`push refuses ${fixture} and tags nothing`, async () => {
    await using registry = startTestRegistry();
    const push = ["push", fixturePath(fixture), "-t", `${registry.host}/team/app:1`];
    assertRefused(await runCli(push), refusal);
    const { manifests, tags } = registry.repository("team/app");
    assert.deepEqual([manifests.size, tags.size], [0, 0]);
  });
}
