/**
 * Runs end-to-end tests with the bundle and with the package for this machine instead of the sources: with no packages
 * but what is in them, no cache, and where that can be arranged (as root on Linux) with no network but the loopback.
 * Where what they are built of is not kept and cannot be downloaded, it says so and checks nothing; with `CI=true` it
 * fails.
 *
 *     deno run -A scripts/check_builds.ts [FILE...]
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { makeTempDir } from "../tests/support/temp_dir.ts";
import { missingForBuild } from "./release/build_needs.ts";
import { readBuildInfo } from "./release/build_info.ts";
import { BUNDLE, bundle, DIST, PROJECT } from "./release/bundle.ts";
import { BUILD_PLATFORMS } from "./release/deno_executable.ts";
import { RUN_FLAGS } from "./release/deno_flags.ts";
import { packageFor } from "./release/package.ts";

/** What is likely to differ in a build: lazy modules, YAML, threads, signals and what is kept between runs. */
const TESTS = ["output", "config", "push_compressed", "push_resume"].map((name) =>
  `tests/e2e/${name}_test.ts`
);

const ALONE = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"];

if (import.meta.main) await checkBuilds(Deno.args.length > 0 ? Deno.args : TESTS);

async function checkBuilds(tests: readonly string[]): Promise<void> {
  const platform = BUILD_PLATFORMS.find((name) => name === `${Deno.build.os}-${Deno.build.arch}`);
  const missing = platform ? await missingForBuild(platform) : [];
  if (missing.length > 0) {
    const reason = `no ${missing.join(", no ")}`;
    if (Deno.env.get("CI") === "true") throw new Error(`Cannot check the builds: ${reason}`);
    Deno.stdout.writeSync(new TextEncoder().encode(`skipped: checks of the builds [${reason}]\n`));
    return;
  }
  await using unpacked = await makeTempDir();
  const build = await readBuildInfo(PROJECT);
  await bundle(build);
  const bundled = [Deno.execPath(), "run", ...RUN_FLAGS, fileURLToPath(new URL("main.js", BUNDLE))];
  const programs = [bundled];
  if (platform) {
    const [archive = ""] = await packageFor(platform, build);
    await run(["tar", "-x", "-z", "-f", fileURLToPath(new URL(archive, DIST)), "-C", unpacked.path], {});
    programs.push([unpacked.join(`docker-image-pusher-${platform}/docker-image-pusher`)]);
  }
  const isAlone = Deno.build.os === "linux" && Deno.uid() === 0;
  for (const program of programs) {
    const command = [Deno.execPath(), "test", "-A", "--no-check", "--quiet", ...tests];
    await run(isAlone ? [...ALONE, ...command] : command, {
      cwd: PROJECT,
      env: { DOCKER_IMAGE_PUSHER_TEST_PROGRAM: JSON.stringify(program) },
    });
  }
}

async function run([program = "", ...args]: string[], options: Deno.CommandOptions): Promise<void> {
  const { success } = await new Deno.Command(program, { ...options, args }).spawn().status;
  if (!success) throw new Error(`Cannot check the builds: ${program} failed`);
}
