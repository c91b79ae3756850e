import type { BuildInfo } from "./build_info.ts";
import type { DenoPin } from "./deno_executable.ts";
import type { EmbeddedPackage } from "./embedded_packages.ts";

/** A component of a CycloneDX document. */
export interface SbomComponent {
  type: "application" | "library" | "platform";
  "bom-ref": string;
  name: string;
  version: string;
  licenses: { license: { id: string } }[];
  purl: string;
  hashes?: { alg: "SHA-512"; content: string }[];
}

/** A bill of materials as CycloneDX 1.6 defines it, <https://cyclonedx.org/docs/1.6/json/>. */
export interface Sbom {
  bomFormat: "CycloneDX";
  specVersion: "1.6";
  version: 1;
  metadata: { timestamp: string; component: SbomComponent };
  components: SbomComponent[];
  dependencies: { ref: string; dependsOn: string[] }[];
}

/**
 * Lists what a build is made of.
 *
 * @param build What is built.
 * @param parts The packages in the bundle, and the executables of Deno that run it.
 * @returns A bill of materials; the same for the same commit.
 */
export async function makeSbom(
  build: BuildInfo,
  { packages, denos }: { packages: readonly EmbeddedPackage[]; denos: readonly DenoPin[] },
): Promise<Sbom> {
  const program: SbomComponent = {
    type: "application",
    "bom-ref": "docker-image-pusher",
    name: "docker-image-pusher",
    version: build.version,
    licenses: [{ license: { id: "MIT" } }],
    purl: `pkg:github/yorelog/docker-image-pusher@${build.commit || build.version}`,
  };
  const components = await Promise.all(packages.map(async (each) => {
    const { license } = JSON.parse(await Deno.readTextFile(new URL("package.json", each.dir)));
    return npmComponent("library", each, license);
  }));
  components.push(...denos.map((deno) => npmComponent("platform", { ...deno, name: deno.package }, "MIT")));
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: { timestamp: new Date(build.epochSeconds * 1000).toISOString(), component: program },
    components,
    dependencies: [{
      ref: program["bom-ref"],
      dependsOn: components.map((component) => component["bom-ref"]),
    }],
  };
}

function npmComponent(
  type: SbomComponent["type"],
  { name, version, integrity }: Pick<EmbeddedPackage, "name" | "version" | "integrity">,
  licence: string,
): SbomComponent {
  const purl = `pkg:npm/${name.replace("@", "%40")}@${version}`;
  const content = Uint8Array.fromBase64(integrity.replace("sha512-", "")).toHex();
  return {
    type,
    "bom-ref": purl,
    name,
    version,
    licenses: [{ license: { id: licence } }],
    purl,
    hashes: [{ alg: "SHA-512", content }],
  };
}
