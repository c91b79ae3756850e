/**
 * Compiles single executables of the bundle.
 *
 *     deno task compile [--target linux-x86_64]...
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { readBuildInfo } from "./build_info.ts";
import { BUNDLE, bundle, DIST, PROJECT } from "./bundle.ts";
import { BUILD_PLATFORMS, type BuildPlatform, denoPin } from "./deno_executable.ts";
import { PERMISSIONS, V8_FLAGS } from "./deno_flags.ts";

const WAYS_OUT =
  `"deno compile" needs the runtime called denort of this Deno, and it could not be downloaded from
Deno's site. Do one of these:
  - set DENORT_BIN to the path of denort for the target;
  - put denort-TARGET.zip where Deno keeps it, $DENO_DIR/dl/release/v${Deno.version.deno}/ ("deno info" shows DENO_DIR);
  - make portable packages instead, which need npm only: deno task package
`;

if (import.meta.main) {
  const { values } = parseArgs({ options: { target: { type: "string", multiple: true } } });
  const targets = values.target ?? BUILD_PLATFORMS;
  const unknown = targets.find((name) => !(BUILD_PLATFORMS as readonly string[]).includes(name));
  if (unknown !== undefined) {
    throw new Error(`Cannot compile for "${unknown}": there are ${BUILD_PLATFORMS.join(", ")}`);
  }
  await bundle(await readBuildInfo(PROJECT));
  for (const target of targets as BuildPlatform[]) {
    const failure = await compileFor(target);
    if (failure === undefined) continue;
    Deno.stderr.writeSync(new TextEncoder().encode(`error: Cannot compile for ${target}: ${failure}\n`));
    Deno.exitCode = 1;
    break;
  }
}

/**
 * Compiles an executable of the bundle that is there.
 *
 * @param platform For which.
 * @returns Why it could not be made; nothing if it is in `dist/` now.
 */
export async function compileFor(platform: BuildPlatform): Promise<string | undefined> {
  const name = `docker-image-pusher-${platform}${platform.startsWith("windows") ? ".exe" : ""}`;
  // A cache of code would be a file in the directory of temporary files.
  const args = ["compile", "--quiet", "--no-config", "--no-lock", "--no-check", "--no-code-cache"];
  args.push("--target", denoPin(platform).target, V8_FLAGS, ...PERMISSIONS);
  args.push("--output", fileURLToPath(new URL(name, DIST)), "main.js");
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: BUNDLE,
    stdout: "inherit",
  })
    .output();
  if (success) return undefined;
  const said = new TextDecoder().decode(stderr);
  return /\/denort-[\w-]+\.zip/.test(said) ? WAYS_OUT : said;
}
