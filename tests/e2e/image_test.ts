import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { RUN_FLAGS } from "../../scripts/release/deno_flags.ts";
import { testWith } from "../support/real_parts.ts";
import { makeRealPodman } from "../support/real_podman.ts";
import { runCommand } from "../support/run_command.ts";
import { makeTempDir, type TempDir } from "../support/temp_dir.ts";

const PROJECT = new URL("../../", import.meta.url);
const MAIN = "lib/node_modules/docker-image-pusher/main.js";

/** The checkout, with a package of the right shape in `dist/` and something that is no part of the image. */
async function writeContext(dir: TempDir): Promise<void> {
  for (const name of ["Dockerfile", ".dockerignore"]) {
    await Deno.copyFile(fileURLToPath(new URL(name, PROJECT)), dir.join(name));
  }
  const name = "docker-image-pusher-linux-x86_64";
  await Deno.mkdir(dir.join(`${name}/${MAIN.replace(/\/[^/]+$/, "")}`), { recursive: true });
  await Deno.mkdir(dir.join("dist"));
  for (const file of ["lib/deno", MAIN]) await Deno.writeTextFile(dir.join(`${name}/${file}`), file);
  await runCommand(["tar", "-czf", dir.join(`dist/${name}.tar.gz`), "-C", dir.path, name]);
}

testWith(["podman"], "the Dockerfile makes an image of the package, for a user without rights", async () => {
  await using dir = await makeTempDir();
  await using podman = await makeRealPodman();
  await writeContext(dir);
  const args = { BASE: "scratch", TARGETARCH: "amd64", VERSION: "1.2.3", REVISION: "abc" };
  const buildArgs = Object.entries(args).map(([name, value]) => `--build-arg=${name}=${value}`);
  await podman.run(["build", "--pull=never", ...buildArgs, "-t", "pusher", dir.path]);
  const [{ Config: config }] = JSON.parse(await podman.run(["image", "inspect", "pusher"]));
  assert.deepEqual(config.Entrypoint, [
    "/opt/docker-image-pusher/lib/deno",
    "run",
    ...RUN_FLAGS,
    `/opt/docker-image-pusher/${MAIN}`,
  ]);
  assert.equal(config.User, "65532:65532");
  assert.deepEqual(Object.keys(config.Volumes), ["/home/nonroot"]);
  assert.equal(config.Labels["org.opencontainers.image.version"], "1.2.3");
  assert.equal(config.Labels["org.opencontainers.image.revision"], "abc");
  const launcher = await Deno.readTextFile(new URL("scripts/release/launcher.sh", PROJECT));
  for (const variable of /^export (.+)$/m.exec(launcher)![1]!.split(" ")) {
    assert(config.Env.includes(variable));
  }

  const root = (await podman.run(["image", "mount", "pusher"])).trim();
  for (const file of ["lib/deno", MAIN]) await Deno.stat(`${root}/opt/docker-image-pusher/${file}`);
  await podman.run(["image", "unmount", "--force", "pusher"]);
});
