/**
 * Makes the portable packages: an archive with the bundle, the official executable of Deno and a program that starts
 * both. Nothing but npm is needed.
 *
 *     deno task package [--platform linux-x86_64]...
 *
 * @module
 */

import { parseArgs } from "node:util";
import { type BuildInfo, readBuildInfo } from "./build_info.ts";
import { BUNDLE, bundle, DIST, PROJECT } from "./bundle.ts";
import { BUILD_PLATFORMS, type BuildPlatform, denoPin, fetchDeno } from "./deno_executable.ts";
import { RUN_FLAGS } from "./deno_flags.ts";
import { listEmbeddedPackages } from "./embedded_packages.ts";
import { licenceNotices } from "./notices.ts";
import { type PackageFile, textFile } from "./package_file.ts";
import { selfExtracting } from "./self_extracting.ts";
import { makeSbom } from "./sbom.ts";
import { shareFiles } from "./share_files.ts";
import { tarGz } from "./tar_gz.ts";
import { zip } from "./zip.ts";

/** Deno runs what is in `node_modules` as it is, instead of parsing it anew at every start. */
const MODULES = "lib/node_modules/docker-image-pusher";

const HERE = new URL("./", import.meta.url);

if (import.meta.main) {
  const { values } = parseArgs({ options: { platform: { type: "string", multiple: true } } });
  const platforms = values.platform ?? BUILD_PLATFORMS;
  const unknown = platforms.find((name) => !(BUILD_PLATFORMS as readonly string[]).includes(name));
  if (unknown !== undefined) {
    throw new Error(`Cannot package for "${unknown}": there are ${BUILD_PLATFORMS.join(", ")}`);
  }
  const build = await readBuildInfo(PROJECT);
  await bundle(build);
  for (const platform of platforms as BuildPlatform[]) await packageFor(platform, build);
}

/**
 * Makes the packages for a platform, from the bundle that is there: an archive, and one that unpacks itself where
 * there is a shell.
 *
 * @param platform For which.
 * @param build What is built.
 * @returns The names of the files in `dist/`.
 */
export async function packageFor(platform: BuildPlatform, build: BuildInfo): Promise<string[]> {
  const files = await packageFiles(platform, build);
  const name = `docker-image-pusher-${platform}`;
  if (platform.startsWith("windows")) {
    await Deno.writeFile(new URL(`${name}.zip`, DIST), zip(files, build.epochSeconds));
    return [`${name}.zip`];
  }
  const archive = await tarGz(files, build.epochSeconds);
  await Deno.writeFile(new URL(`${name}.tar.gz`, DIST), archive);
  const program = await selfExtracting(archive, { version: build.version, directory: name });
  await Deno.writeFile(new URL(`${name}.run`, DIST), program, { mode: 0o755 });
  return [`${name}.tar.gz`, `${name}.run`];
}

async function packageFiles(platform: BuildPlatform, build: BuildInfo): Promise<PackageFile[]> {
  const isWindows = platform.startsWith("windows");
  const packages = await listEmbeddedPackages(PROJECT);
  const sbom = await makeSbom(build, { packages, denos: [denoPin(platform)] });
  const launcher = isWindows ? "launcher.cmd" : "launcher.sh";
  const text = (await Deno.readTextFile(new URL(launcher, HERE)))
    .replace("@DENO_FLAGS@", RUN_FLAGS.join(" "))
    .replace(/^# shellcheck .*\n/m, "");
  const starter = textFile(
    isWindows ? "docker-image-pusher.cmd" : "docker-image-pusher",
    isWindows ? crlf(text) : text,
  );
  const files = [
    { ...starter, isExecutable: true },
    { name: isWindows ? "lib/deno.exe" : "lib/deno", content: await fetchDeno(platform), isExecutable: true },
    textFile("LICENSE", await Deno.readTextFile(new URL("LICENSE", PROJECT))),
    textFile("THIRD_PARTY_LICENSES.txt", await licenceNotices(packages)),
    textFile(`${MODULES}/package.json`, `${JSON.stringify({ type: "module" })}\n`),
    textFile("sbom.cdx.json", `${JSON.stringify(sbom, null, 2)}\n`),
    ...await shareFiles(),
  ];
  for await (const { name } of Deno.readDir(BUNDLE)) {
    if (name.endsWith(".map")) continue;
    files.push(textFile(`${MODULES}/${name}`, await Deno.readTextFile(new URL(name, BUNDLE))));
  }
  return files.map((file) => ({ ...file, name: `docker-image-pusher-${platform}/${file.name}` }));
}

function crlf(text: string): string {
  return text.replaceAll("\n", "\r\n");
}
