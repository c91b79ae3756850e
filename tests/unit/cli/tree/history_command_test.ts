import assert from "node:assert/strict";
import { runCli } from "../../../../lib/cli/app.ts";
import { sha256Digest } from "../../../../lib/spec/digest.ts";
import { PushHistory } from "../../../../lib/state/push_history.ts";
import { systemClock } from "../../../../lib/util/clock.ts";
import { makeTempDir } from "../../../support/temp_dir.ts";
import { FakeHost } from "../fake_host.ts";

const DIGEST = sha256Digest("a".repeat(64));

/** What `history` prints after pushes of `app:1`, `app:2`, … */
async function run(count: number, args: readonly string[] = []): Promise<FakeHost> {
  await using temp = await makeTempDir();
  const pushes = Array.from({ length: count }, (_, at) => ({
    image: at === 0 ? DIGEST : `team/app:${at + 1}`,
    target: `r.example/team/app:${at + 1}`,
    digest: DIGEST,
    pushedAt: new Date(Date.UTC(2026, 0, 1, 0, 0, at)).toISOString(),
    confirmed: true,
  }));
  const onWarning = (message: string): void => assert.fail(message);
  await new PushHistory(temp.path, { clock: systemClock, onWarning }).append(pushes);
  const host = new FakeHost({ env: { DOCKER_IMAGE_PUSHER_STATE_DIR: temp.path } });
  assert.equal(await runCli(["history", ...args], host), 0, host.stderr.text);
  return host;
}

Deno.test("history shows when, image, target and digest in columns, the newest first", async () => {
  const { stdout, stderr } = await run(2);
  assert.deepEqual(stdout.text.split("\n"), [
    "2026-01-01T00:00:01Z  team/app:2    r.example/team/app:2  aaaaaaaaaaaa",
    "2026-01-01T00:00:00Z  aaaaaaaaaaaa  r.example/team/app:1  aaaaaaaaaaaa",
    "",
  ]);
  assert.equal(stderr.text, "");
});

Deno.test("history shows 20 pushes, or as many as --limit says", async () => {
  const usual = await run(25);
  assert.equal(usual.stdout.text.trimEnd().split("\n").length, 20);
  assert.equal(usual.stderr.text, "20 of 25 pushes; --limit shows more\n");
  const limited = await run(25, ["-n", "1"]);
  assert.match(limited.stdout.text, /^2026-01-01T00:00:24Z {2}team\/app:25 {2}[^\n]+\n$/);
  const all = await run(25, ["--limit", "100"]);
  assert.equal(all.stdout.text.trimEnd().split("\n").length, 25);
  assert.equal(all.stderr.text, "");
});

Deno.test("history gives whole records with --json", async () => {
  const { stdout, stderr } = await run(3, ["--limit", "1", "--json"]);
  assert.deepEqual(JSON.parse(stdout.text), {
    pushes: [{
      image: "team/app:3",
      target: "r.example/team/app:3",
      digest: DIGEST,
      pushedAt: "2026-01-01T00:00:02.000Z",
    }],
    remembered: 3,
  });
  assert.equal(stderr.text, "");
});

Deno.test("history says that nothing was pushed yet", async () => {
  const { stdout, stderr } = await run(0);
  assert.equal(stdout.text, "");
  assert.equal(stderr.text, "Nothing was pushed from here yet\n");
});

Deno.test("history refuses a limit that is no number from 1", async () => {
  for (const limit of ["0", "-1", "ten", "1.5", "10000"]) {
    const host = new FakeHost();
    assert.equal(await runCli(["history", `--limit=${limit}`], host), 2);
    assert.match(host.stderr.text, new RegExp(`^error: Cannot use --limit "${limit}": it is not`));
  }
});
