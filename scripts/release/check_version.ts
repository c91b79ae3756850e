/**
 * Checks before a release that its tag, `deno.json`, `lib/version.ts` and the changelog speak of one version.
 *
 *     deno run --allow-read scripts/release/check_version.ts v0.1.0
 *
 * @module
 */

const PROJECT = new URL("../../", import.meta.url);

/** Files that name the version. */
export interface VersionSources {
  /** Content of `deno.json`. */
  config: string;
  /** Content of `lib/version.ts`. */
  module: string;
  /** Content of `CHANGELOG.md`. */
  changelog: string;
}

if (import.meta.main) {
  const [tag = ""] = Deno.args;
  const [config, module, changelog] = await Promise.all(
    ["deno.json", "lib/version.ts", "CHANGELOG.md"].map((name) => Deno.readTextFile(new URL(name, PROJECT))),
  ) as [string, string, string];
  for (const fault of versionFaults(tag, { config, module, changelog })) {
    Deno.stderr.writeSync(new TextEncoder().encode(`error: ${fault}\n`));
    Deno.exitCode = 1;
  }
}

/**
 * Compares a tag with what the files say.
 *
 * @param tag For example `v0.1.0`.
 * @param sources The files.
 * @returns What differs; nothing if it can be released.
 */
export function versionFaults(tag: string, { config, module, changelog }: VersionSources): string[] {
  const { version } = JSON.parse(config);
  const faults: string[] = [];
  if (tag !== `v${version}`) faults.push(`the tag is "${tag}", but deno.json has version ${version}`);
  const ofModule = /VERSION = "([^"]+)"/.exec(module)?.[1];
  if (ofModule !== version) faults.push(`lib/version.ts has version ${ofModule}, but deno.json ${version}`);
  if (!changelog.includes(`\n## [${version}]`)) faults.push(`CHANGELOG.md has no section [${version}]`);
  return faults;
}
