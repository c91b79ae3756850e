import assert from "node:assert/strict";
import { fixturePath } from "../support/fixture_archives.ts";
import { putImage } from "../support/pull_stage.ts";
import { pullImage } from "../support/pulled_image.ts";
import { testWith } from "../support/real_parts.ts";
import { startRealRegistry } from "../support/real_registry.ts";
import { refuse } from "../support/registry/answer_faults.ts";
import { stall } from "../support/registry/connection_faults.ts";
import { runCli, startCli } from "../support/run_cli.ts";
import { seededBytes } from "../support/seeded_random.ts";
import { skopeoCopy, skopeoInspectRaw } from "../support/skopeo.ts";
import { makeTempDir } from "../support/temp_dir.ts";
import { startTestRegistry } from "../support/test_registry.ts";

const MIB = 2 ** 20;

testWith(["registry", "skopeo"], "copy between real registries gives what skopeo gives", async () => {
  await using source = await startRealRegistry();
  await using target = await startRealRegistry();
  await using dir = await makeTempDir();
  for (const fixture of ["c8d-mp", "skopeo-reg-oci"] as const) {
    const pushed = await runCli(["push", fixturePath(fixture), "-t", `${source.host}/${fixture}:1`]);
    assert.equal(pushed.code, 0, pushed.stderr);
    const { code, stdout, stderr } = await runCli([
      "copy",
      `${source.host}/${fixture}:*`,
      `${target.host}/${fixture}`,
    ]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, new RegExp(`^${target.host}/${fixture}:1@sha256:[0-9a-f]{64}\n$`));
    const [ours, theirs] = [`${target.host}/${fixture}:1`, `${target.host}/skopeo/${fixture}:1`];
    await skopeoCopy(`docker://${source.host}/${fixture}:1`, `docker://${theirs}`);
    assert.equal(await skopeoInspectRaw(`docker://${ours}`), await skopeoInspectRaw(`docker://${theirs}`));
    // With all that it names; layers are compressed there already, or skopeo would do that.
    await skopeoCopy(`docker://${ours}`, `oci:${dir.join(fixture)}:1`);
  }
});

Deno.test("copy that was killed goes on where it was", async () => {
  await using source = startTestRegistry();
  await using target = startTestRegistry();
  await using home = await makeTempDir();
  const { manifest } = putImage(source, "app:1", { layers: [seededBytes(5 * MIB)] });
  const args = ["copy", `${source.host}/app:1`, `${target.host}/app`, "--blob-chunk", "1MiB"];
  const silence = target.addFault({ on: "append", nth: 4, do: stall("before-body") });
  await using process = await startCli(args, { home });
  await target.waitForRequest("append", 4);
  process.kill("SIGKILL");
  assert.equal((await process.result).code, 137);
  silence.remove();
  const { code, stdout, stderr } = await runCli(args, { home });
  assert.equal(code, 0, stderr);
  assert.match(stderr, /continues at 3\.00 MiB/);
  assert.equal(stdout, `${target.host}/app:1@${manifest.digest}\n`);
  assert.equal(
    source.requests.findLast(({ headers }) => headers.has("range"))?.headers.get("range"),
    `bytes=${3 * MIB}-`,
  );
  assert.equal((await pullImage(target, "app:1")).digest, manifest.digest);
});

Deno.test("copy that gets through in part exits with 9, prints what it did and the command that goes on", async () => {
  await using source = startTestRegistry();
  await using good = startTestRegistry();
  await using bad = startTestRegistry({
    faults: [{ on: "append", nth: 2, times: Infinity, do: refuse(403, "DENIED") }],
  });
  await using home = await makeTempDir();
  const { manifest } = putImage(source, "app:1", { layers: [seededBytes(3 * MIB)] });
  const args = [
    "copy",
    `${source.host}/app:1`,
    `${good.host}/app`,
    `${bad.host}/app:2`,
    "--blob-chunk",
    "1MiB",
  ];
  const { code, stdout, stderr } = await runCli(args, { home });
  assert.equal(code, 9, stderr);
  assert.equal(stdout, `${good.host}/app:1@${manifest.digest}\n`);
  assert.match(stderr, /^To continue, run:|To continue, run:$/m);
  assert.match(stderr, new RegExp(`^docker-image-pusher copy ${source.host}/app:1 `, "m"));
  assert.match(stderr, /Cannot copy 1 of 2 images/);
});
