import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { checksums } from "../../scripts/release/checksums.ts";
import { BUILD_PLATFORMS, denoPin } from "../../scripts/release/deno_executable.ts";
import { listEmbeddedPackages } from "../../scripts/release/embedded_packages.ts";
import { licenceNotices } from "../../scripts/release/notices.ts";
import { makeSbom } from "../../scripts/release/sbom.ts";
import { makeTempDir } from "../support/temp_dir.ts";

const PROJECT = new URL("../../", import.meta.url);
const BUILD = { version: "1.2.3", commit: "c".repeat(40), epochSeconds: 1_700_000_000 };

/** What `lib` imports by name, apart from what is used for types only. */
async function importedPackages(dir: URL, found = new Set<string>()): Promise<Set<string>> {
  for await (const { name, isDirectory } of Deno.readDir(dir)) {
    if (isDirectory) await importedPackages(new URL(`${name}/`, dir), found);
    else {
      const source = await Deno.readTextFile(new URL(name, dir));
      const imports = source.matchAll(/^(?:import (?!type)[^"]*|.*\bimport\()"((?:@[\w-]+\/)?[\w-]+)"/gm);
      for (const [, specifier = ""] of imports) found.add(specifier);
    }
  }
  return found;
}

Deno.test("makeSbom() lists all that is embedded, with version, licence and checksum, as CycloneDX 1.6", async () => {
  const packages = await listEmbeddedPackages(PROJECT);
  const sbom = await makeSbom(BUILD, { packages, denos: BUILD_PLATFORMS.map(denoPin) });
  const { bomFormat, specVersion, version, metadata } = sbom;
  assert.deepEqual([bomFormat, specVersion, version], ["CycloneDX", "1.6", 1]);
  assert.equal(metadata.timestamp, "2023-11-14T22:13:20.000Z");
  assert.deepEqual(
    [metadata.component.type, metadata.component.name, metadata.component.version],
    ["application", "docker-image-pusher", "1.2.3"],
  );

  const { npm } = JSON.parse(await Deno.readTextFile(new URL("deno.lock", PROJECT)));
  const integrities = new Map(packages.map(({ name, version }) => {
    // Packages that others must bring along are locked with these in their key.
    const key = Object.keys(npm).find((each) => each.split("_")[0] === `${name}@${version}`)!;
    return [name, [version, npm[key].integrity]];
  }));
  for (const pin of BUILD_PLATFORMS.map(denoPin)) integrities.set(pin.package, [pin.version, pin.integrity]);
  assert.deepEqual(new Set(sbom.components.map(({ name }) => name)), new Set(integrities.keys()));
  for (const { type, name, version, licenses, purl, hashes } of sbom.components) {
    assert.equal(type, name.startsWith("@deno/") ? "platform" : "library");
    const [{ alg, content }] = hashes as [{ alg: string; content: string }];
    assert.match(content, /^[0-9a-f]{128}$/);
    const integrity = `sha512-${Uint8Array.fromHex(content).toBase64()}`;
    assert.deepEqual([alg, version, integrity], ["SHA-512", ...integrities.get(name)!]);
    assert.match(licenses[0]!.license.id, /^(?:MIT|ISC|Apache-2\.0|BSD-[23]-Clause|0BSD)$/);
    assert.match(purl, /^pkg:npm\/(?:%40[\w-]+\/)?[\w-]+@\d+\.\d+\.\d+$/);
  }
  const refs = sbom.components.map((component) => component["bom-ref"]);
  assert.equal(new Set([metadata.component["bom-ref"], ...refs]).size, refs.length + 1);
  assert.deepEqual(sbom.dependencies, [{ ref: metadata.component["bom-ref"], dependsOn: refs }]);
});

Deno.test("listEmbeddedPackages() finds what lib imports and what that needs, not what tests use", async () => {
  const names = new Set((await listEmbeddedPackages(PROJECT)).map(({ name }) => name));
  const imported = await importedPackages(new URL("lib/", PROJECT));
  assert(imported.has("valibot") && imported.has("yaml"));
  assert.deepEqual(imported.difference(names), new Set());
  assert(!names.has("fast-check"));
});

Deno.test("licenceNotices() has the text of every licence, also Deno's", async () => {
  const packages = await listEmbeddedPackages(PROJECT);
  const notices = await licenceNotices(packages);
  for (const { name, version } of packages) {
    const [, text = ""] = notices.split(`${name} ${version}\n---`);
    assert.match(text.slice(0, 2000), /Permission|Redistribution|Apache License/, name);
    assert.match(text.slice(0, 2000), /Copyright/i, name);
  }
  assert.match(notices, /^Deno \(.*\n-+\n\nMIT License\n\nCopyright .* the Deno authors/m);
});

Deno.test("licenceNotices() refuses a package without a licence", async () => {
  await using dir = await makeTempDir();
  const bare = { name: "bare", version: "1.0.0", integrity: "", dir: new URL(`file://${dir.path}/`) };
  await assert.rejects(licenceNotices([bare]), /Cannot find the licence/);
});

Deno.test("checksums() lists files by name as sha256sum does, without itself and directories", async () => {
  await using dir = await makeTempDir();
  await Deno.mkdir(dir.join("bundle"));
  for (const name of ["b.zip", "a.tar.gz", "SHA256SUMS"]) await Deno.writeTextFile(dir.join(name), name);
  const sum = (text: string) => createHash("sha256").update(text).digest("hex");
  assert.equal(
    await checksums(new URL(`file://${dir.path}/`)),
    `${sum("a.tar.gz")}  a.tar.gz\n${sum("b.zip")}  b.zip\n`,
  );
});
