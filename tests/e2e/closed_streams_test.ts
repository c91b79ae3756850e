import assert from "node:assert/strict";
import { runCommand } from "../support/run_command.ts";
import { makeTempDir } from "../support/temp_dir.ts";
import { startTestRegistry } from "../support/test_registry.ts";

const ARCHIVE = new URL("../fixtures/archives/docker2010-one.tar", import.meta.url);
const MAIN = new URL("../../main.ts", import.meta.url).pathname;

/** What a shell does with the streams, and the exit codes that it tells then. */
const REDIRECTIONS = [
  ["<&- >&- 2>&-", "0"],
  ["2>/dev/null | true", "0 0"],
  ["2>&1 >/dev/null | true", "0 0"],
] as const;

Deno.test("push works without stdin, stdout and stderr, and for readers that go away; in a path with any letters", async () => {
  await using dir = await makeTempDir();
  await using registry = startTestRegistry();
  const folder = dir.join("ünï cödé 日本");
  await Deno.mkdir(folder);
  await Deno.copyFile(ARCHIVE, `${folder}/my app's.tar`);
  for (const [index, [redirection, codes]] of REDIRECTIONS.entries()) {
    const target = `${registry.host}/team/app:${index}`;
    const script =
      `"$0" run -q -A "$1" push "my app's.tar" -t ${target} ${redirection}; echo "\${PIPESTATUS[*]}" >&9`;
    const told = await runCommand(["bash", "-c", `exec 9>&1; ${script}`, Deno.execPath(), MAIN], {
      cwd: folder,
      env: { DOCKER_IMAGE_PUSHER_STATE_DIR: dir.join("state") },
    });
    assert.equal(told.trimEnd().split("\n").at(-1), codes, redirection);
    assert(registry.repository("team/app").tags.has(`${index}`), redirection);
  }
});
