import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { writeBuildContext } from "../support/build_context.ts";
import { type PulledImage, pullImage } from "../support/pulled_image.ts";
import { type RealPart, testWith } from "../support/real_parts.ts";
import { makeRealPodman, type RealPodman } from "../support/real_podman.ts";
import { startRealRegistry } from "../support/real_registry.ts";
import { runCli } from "../support/run_cli.ts";
import { runCommand } from "../support/run_command.ts";
import { skopeoCopy } from "../support/skopeo.ts";
import { makeTempDir, type TempDir } from "../support/temp_dir.ts";

const FIXTURES = new URL("../fixtures/archives", import.meta.url).pathname;

/** A directory as a tool makes it. */
interface MadeDirectory {
  needs: readonly RealPart[];
  /** Makes it at a path. */
  make(path: string, podman: RealPodman, dir: TempDir): Promise<void>;
}

async function podmanSave(format: string, path: string, podman: RealPodman, dir: TempDir): Promise<void> {
  await podman.run(["build", "--quiet", "--layers", "--tag", "built:1", await writeBuildContext(dir)]);
  await podman.run(["save", "--quiet", "--format", format, "--output", path, "built:1"]);
}

const DIRECTORIES: Readonly<Record<string, MadeDirectory>> = {
  "podman save --format oci-dir": {
    needs: ["podman"],
    make: (path, podman, dir) => podmanSave("oci-dir", path, podman, dir),
  },
  "podman save --format docker-dir": {
    needs: ["podman"],
    make: (path, podman, dir) => podmanSave("docker-dir", path, podman, dir),
  },
  "skopeo copy --all to oci:": {
    needs: ["skopeo"],
    make: (path) => skopeoCopy(`oci-archive:${FIXTURES}/bx-oci.tar`, `oci:${path}`),
  },
  "skopeo copy --all to dir:": {
    needs: ["skopeo"],
    make: (path) => skopeoCopy(`oci-archive:${FIXTURES}/bx-oci.tar`, `dir:${path}`),
  },
  "umoci": {
    needs: ["umoci"],
    async make(path, _podman, dir) {
      const context = await writeBuildContext(dir);
      await runCommand(["umoci", "init", "--layout", path]);
      await runCommand(["umoci", "new", "--image", `${path}:one`]);
      await runCommand(["umoci", "insert", "--rootless", "--image", `${path}:one`, context, "/app"]);
    },
  },
};

/** The digest that the directory gives to its image: that of its own list, or of the one thing it lists. */
async function rootDigestOf(path: string): Promise<string> {
  try {
    const { manifests: [root] } = JSON.parse(await Deno.readTextFile(`${path}/index.json`));
    return root.digest;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    const manifest = await Deno.readFile(`${path}/manifest.json`);
    return `sha256:${createHash("sha256").update(manifest).digest("hex")}`;
  }
}

function assertLayers({ layers, diffIds, children }: PulledImage): void {
  if (diffIds.length > 0) assert.deepEqual(layers, diffIds);
  children.forEach(assertLayers);
}

for (const [tool, { needs, make }] of Object.entries(DIRECTORIES)) {
  testWith(
    [...needs, "registry"],
    `push brings what ${tool} makes to a registry, also when packed`,
    async () => {
      await using dir = await makeTempDir();
      await using podman = await makeRealPodman();
      await using registry = await startRealRegistry();
      await make(dir.join("image"), podman, dir);
      await runCommand(["tar", "-C", dir.join("image"), "-cf", dir.join("image.tar"), "."]);
      const digest = await rootDigestOf(dir.join("image"));
      for (const [archive, name] of [["image", "app:dir"], ["image.tar", "app:tar"]] as const) {
        const push = ["push", dir.join(archive), "-t", `${registry.host}/${name}`];
        const { code, stdout, stderr } = await runCli(push);
        assert.equal(code, 0, stderr);
        assert.equal(stdout, `${registry.host}/${name}@${digest}\n`);
        const pulled = await pullImage(registry, name);
        assert.equal(pulled.digest, digest);
        assertLayers(pulled);
      }
    },
  );
}
