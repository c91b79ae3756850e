import type { EmbeddedPackage } from "./embedded_packages.ts";

const DENO_LICENSE = `MIT License

Copyright 2018-2026 the Deno authors

Permission is hereby granted, free of charge, to any person obtaining a copy of
this software and associated documentation files (the "Software"), to deal in
the Software without restriction, including without limitation the rights to
use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of
the Software, and to permit persons to whom the Software is furnished to do so,
subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS
FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER
IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN
CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;

/**
 * Collects the licences of what a build contains.
 *
 * @param packages The packages in it.
 * @returns A text: name, version and licence of each; Deno is the last.
 * @throws {Error} If a package has no licence file.
 */
export async function licenceNotices(packages: readonly EmbeddedPackage[]): Promise<string> {
  const notices = await Promise.all(packages.map(async ({ name, version, dir }) => {
    return notice(`${name} ${version}`, await readLicence(dir));
  }));
  notices.push(notice("Deno (its own parts are listed at https://github.com/denoland/deno)", DENO_LICENSE));
  return notices.join("\n");
}

async function readLicence(dir: URL): Promise<string> {
  for await (const { name } of Deno.readDir(dir)) {
    if (/^licen[cs]e(?:\.\w+)?$/i.test(name)) return await Deno.readTextFile(new URL(name, dir));
  }
  throw new Error(`Cannot find the licence in ${dir.pathname}`);
}

function notice(title: string, licence: string): string {
  return `${title}\n${"-".repeat(title.length)}\n\n${licence.trim()}\n`;
}
