/**
 * Makes everything that a release has but the single executables: packages for all platforms, the bundle with its
 * source maps, the bill of materials, the licences, the installer, and the checksums of all of these and of executables
 * that are in `dist/` already.
 *
 *     deno task release
 *
 * @module
 */

import { readBuildInfo } from "./build_info.ts";
import { BUNDLE, bundle, DIST, PROJECT } from "./bundle.ts";
import { checksums } from "./checksums.ts";
import { BUILD_PLATFORMS, denoPin } from "./deno_executable.ts";
import { listEmbeddedPackages } from "./embedded_packages.ts";
import { licenceNotices } from "./notices.ts";
import { packageFor } from "./package.ts";
import type { PackageFile } from "./package_file.ts";
import { makeSbom } from "./sbom.ts";
import { tarGz } from "./tar_gz.ts";

if (import.meta.main) {
  const build = await readBuildInfo(PROJECT);
  await bundle(build);
  for (const platform of BUILD_PLATFORMS) await packageFor(platform, build);
  const files: PackageFile[] = [];
  for await (const { name } of Deno.readDir(BUNDLE)) {
    const content = await Deno.readFile(new URL(name, BUNDLE));
    files.push({ name: `docker-image-pusher-bundle/${name}`, content, isExecutable: false });
  }
  const archive = await tarGz(files, build.epochSeconds);
  await Deno.writeFile(new URL("docker-image-pusher-bundle.tar.gz", DIST), archive);
  const packages = await listEmbeddedPackages(PROJECT);
  const sbom = await makeSbom(build, { packages, denos: BUILD_PLATFORMS.map(denoPin) });
  await Deno.writeTextFile(new URL("sbom.cdx.json", DIST), `${JSON.stringify(sbom, null, 2)}\n`);
  await Deno.writeTextFile(new URL("THIRD_PARTY_LICENSES.txt", DIST), await licenceNotices(packages));
  await Deno.copyFile(new URL("scripts/install.sh", PROJECT), new URL("install.sh", DIST));
  await Deno.writeTextFile(new URL("SHA256SUMS", DIST), await checksums(DIST));
}
