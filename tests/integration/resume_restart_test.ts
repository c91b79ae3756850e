import assert from "node:assert/strict";
import { fileNames } from "../support/file_names.ts";
import { writeLargeArchive } from "../support/large_archive.ts";
import { testWith } from "../support/real_parts.ts";
import { startRealRegistry } from "../support/real_registry.ts";
import { assertHolds } from "../support/registry_holds.ts";
import { startCli } from "../support/run_cli.ts";
import { makeTempDir } from "../support/temp_dir.ts";
import { startThrottledProxy } from "../support/throttled_proxy.ts";

const MIB = 2 ** 20;
const BYTES_PER_SECOND = 100 * MIB;

for (const secret of ["fixed", undefined]) {
  const what = secret === undefined ? "without a fixed secret" : "with a fixed secret";
  testWith(["registry"], `a registry ${what} is killed and started again within a push`, async () => {
    await using home = await makeTempDir();
    const layers = await writeLargeArchive(home.join("image.tar"), [80 * MIB]);
    await using registry = await startRealRegistry(secret === undefined ? {} : { secret });
    await using proxy = startThrottledProxy(registry, { bytesPerSecond: BYTES_PER_SECOND });
    const args = ["push", home.join("image.tar"), "-t", `${proxy.host}/app:1`, "--plain-http"];
    using stop = proxy.stopAt(45 * MIB);
    await using process = await startCli([...args, "--blob-chunk", "10MiB"], { home });
    // Within a part, when nothing is on its way to the registry.
    await stop.reached;
    await registry.restart("SIGKILL");
    stop[Symbol.dispose]();
    const { code, stderr } = await process.result;
    assert.equal(code, 0, stderr);
    await assertHolds(registry, layers);
    // Without the secret, what the registry has cannot be reached any more.
    const allowedBytes = secret === undefined ? (50 + 80) * MIB : 80 * MIB;
    const sent = `${proxy.received.totalBytes / MIB} MiB were sent: ${stderr}`;
    assert.ok(proxy.received.totalBytes < allowedBytes + MIB, sent);
  });
}

testWith(["registry"], "two processes that push the same archive at once both end right", async () => {
  await using home = await makeTempDir();
  const layers = await writeLargeArchive(home.join("image.tar"), [50 * MIB, 20 * MIB]);
  await using registry = await startRealRegistry();
  await using proxy = startThrottledProxy(registry, { bytesPerSecond: BYTES_PER_SECOND });
  const args = ["push", home.join("image.tar"), "-t", `${proxy.host}/app:1`, "--plain-http"];
  await using first = await startCli(args, { home });
  await using second = await startCli(args, { home });
  const results = await Promise.all([first.result, second.result]);
  for (const { code, stdout, stderr } of results) {
    assert.equal(code, 0, stderr);
    assert.match(stdout, /\/app:1@sha256:[0-9a-f]{64}\n$/);
    assert.doesNotMatch(stderr, /warning/);
  }
  await assertHolds(registry, layers);
  assert.deepEqual(await fileNames(home.join("state/uploads")), []);
});
