import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { VERSION } from "../../lib/version.ts";
import { testWith } from "../support/real_parts.ts";
import { cleanEnvironment } from "../support/run_cli.ts";
import { runCommand } from "../support/run_command.ts";
import { writeShellProgram } from "../support/shell_program.ts";
import { makeTempDir, type TempDir } from "../support/temp_dir.ts";

const SCRIPT = fileURLToPath(new URL("../../scripts/release/smoke.sh", import.meta.url));
const MAIN = new URL("../../main.ts", import.meta.url);
const PLATFORM = "linux-x86_64";
const NAME = `docker-image-pusher-${PLATFORM}`;

/** A release whose forms are all the program as it is. */
async function makeDist(): Promise<TempDir> {
  const dir = await makeTempDir();
  const script = `exec '${Deno.execPath()}' run -q -A '${MAIN}' "$@"`;
  for (const name of [NAME, `${NAME}.run`]) await writeShellProgram(dir, name, script);
  await Deno.mkdir(dir.join(`pack/${NAME}`), { recursive: true });
  await Deno.copyFile(dir.join(NAME), dir.join(`pack/${NAME}/docker-image-pusher`));
  await runCommand(["tar", "-czf", dir.join(`${NAME}.tar.gz`), "-C", dir.join("pack"), NAME]);
  await Deno.remove(dir.join("pack"), { recursive: true });
  const sums = await runCommand(["sha256sum", NAME, `${NAME}.run`, `${NAME}.tar.gz`], { cwd: dir.path });
  await Deno.writeTextFile(dir.join("SHA256SUMS"), sums);
  // As artifacts come.
  for (const name of [NAME, `${NAME}.run`]) await Deno.chmod(dir.join(name), 0o644);
  return dir;
}

async function smoke(dist: TempDir, version: string): Promise<string> {
  await using home = await makeTempDir();
  const env = Object.entries(await cleanEnvironment(home.path))
    .flatMap(([name, value]) => value === undefined ? [] : [`${name}=${value}`]);
  return await runCommand(["env", "-i", ...env, "bash", SCRIPT, dist.path, PLATFORM, version]);
}

testWith(["bash", "shellcheck"], "scripts/release/smoke.sh starts every form of a release", async () => {
  await runCommand(["shellcheck", SCRIPT]);
  await using dist = await makeDist();
  const printed = await smoke(dist, VERSION);
  assert.equal(printed.match(/^127\.0\.0\.1:\d+\/smoke:1@sha256:[0-9a-f]{64}$/gm)?.length, 3, printed);
  await assert.rejects(smoke(dist, "9.9.9"), /has version .*, not 9\.9\.9/);
  await Deno.writeTextFile(dist.join(`${NAME}.run`), "damaged", { append: true });
  await assert.rejects(smoke(dist, VERSION), /did NOT match/);
});
