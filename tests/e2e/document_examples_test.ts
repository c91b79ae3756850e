import assert from "node:assert/strict";
import { testWith } from "../support/real_parts.ts";
import { type CiStage, LOGIN, makeCiStage } from "../support/workflows/ci_stage.ts";

const PROJECT = new URL("../../", import.meta.url);

/** A document, from a heading on. */
async function readFrom(document: string, heading: string): Promise<string> {
  const text = await Deno.readTextFile(new URL(document, PROJECT));
  const at = text.indexOf(`${heading}\n`);
  assert(at >= 0, `${document} has no "${heading}"`);
  return text.slice(at);
}

/** The nth block of commands below a heading. */
async function readCommands(document: string, heading: string, nth = 0): Promise<string> {
  const blocks = [...(await readFrom(document, heading)).matchAll(/^```sh\n(.*?)^```$/gms)];
  return blocks[nth]![1]!;
}

/** Runs commands as they stand in the documents, but for where the registries are. */
async function run(
  stage: CiStage,
  commands: string,
  places: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { workspace, target } = stage;
  const [host = ""] = target.split("/");
  const known = { "registry.example.com": host, "docker save app:1": "cat app.tar", ...places };
  const script = Object.entries(known).reduce((text, [from, to]) => text.replaceAll(from, to), commands);
  const env = {
    DOCKER_CONFIG: workspace.path,
    DOCKER_IMAGE_PUSHER_STATE_DIR: workspace.join(".docker-image-pusher"),
    PASSWORD: LOGIN.password,
    IMAGE: target,
  };
  await stage.writeDockerConfig(workspace.path);
  return await stage.run(["sh", "-ec", script], env);
}

testWith(["bash"], "the first commands of the README log in, push and verify", async () => {
  await using stage = await makeCiStage();
  await Deno.writeTextFile(stage.workspace.join("password.txt"), LOGIN.password);
  const stdout = await run(stage, await readCommands("README.md", "## An archive and a registry"));
  assert.match(stdout, /^\S+\/team\/app:1\.0@sha256:[0-9a-f]{64}$/m);
});

testWith(
  ["bash"],
  "what the README pipes is pushed, and what its CI job pushes is told as JSON",
  async () => {
    await using stage = await makeCiStage();
    const others = await readCommands("README.md", "## An archive and a registry", 1);
    await run(stage, others.split("\n")[0]!);
    await stage.assertPushed(stage.workspace.join(".docker-image-pusher"));
    const job = (await readCommands("README.md", "## A CI job")).replace(
      "--username ci",
      `--username ${LOGIN.username}`,
    );
    const report = JSON.parse(await run(stage, job));
    assert.equal(report.pushed[0].reference, stage.target);
  },
);

testWith(["bash"], "the way into a closed network is as the README says", async () => {
  await using stage = await makeCiStage();
  const { workspace, target } = stage;
  const [host = ""] = target.split("/");
  const text = await readFrom("README.md", "## A closed network");
  const commands = [...text.matchAll(/`(docker-image-pusher (?:pull|verify|push)[^`]*)`/g)].slice(0, 3);
  assert.deepEqual(commands.map(([, command = ""]) => command.split(" ")[1]), ["pull", "verify", "push"]);
  const push = (name: string): string => `docker-image-pusher push app.tar -t ${host}/${name}:1\n`;
  await run(stage, push("out/app") + push("out/db"));
  const places = { "r.example": `${host}/out`, "registry.inside": host };
  await run(stage, commands.map(([, command]) => command).join("\n"), places);
  const receipt = JSON.parse(await Deno.readTextFile(workspace.join("receipt.json")));
  assert.equal(receipt.command, "push");
});

testWith(["bash"], "the examples of copy and verify do what they say", async () => {
  await using stage = await makeCiStage();
  const { target } = stage;
  const [host = ""] = target.split("/");
  const names = ["nginx:1.27", "r1/app:1", "r1/app:2.0", "r1/app:2.1", "team/app:1"];
  await run(stage, names.map((name) => `docker-image-pusher push app.tar -t ${host}/${name}\n`).join(""));
  const places = { "nginx:": `${host}/nginx:`, ...registriesOf(host) };
  const copied = await run(stage, await readCommands("docs/copy.md", "# Copying"), places);
  for (const name of ["web/nginx:1.27", "r2/app:1", "r3/app:stable", "r2/app:2.0", "r2/app:2.1"]) {
    assert(copied.includes(`${host}/${name}@sha256:`), `${name}:\n${copied}`);
  }
  await run(stage, await readCommands("docs/verify.md", "# Proof"));
});

/** Repositories of one registry instead of registries. */
function registriesOf(host: string): Record<string, string> {
  return Object.fromEntries(["r1", "r2", "r3"].map((name) => [`${name}.example`, `${host}/${name}`]));
}
