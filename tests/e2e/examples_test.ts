import assert from "node:assert/strict";
import { parse, parseAllDocuments } from "yaml";
import { testWith } from "../support/real_parts.ts";
import { runCommand } from "../support/run_command.ts";
import { makeTempDir } from "../support/temp_dir.ts";
import { LOGIN, makeCiStage } from "../support/workflows/ci_stage.ts";
import { parseWorkflow } from "../support/workflows/workflow.ts";

const EXAMPLES = new URL("../../docs/examples/", import.meta.url);
const UNIT = "docker-image-pusher.service";
const TIMER = "docker-image-pusher.timer";

const PUSHED_REGEXP = /^127\.0\.0\.1:\d+\/team\/app:1@sha256:[0-9a-f]{64}$/;

function read(name: string): Promise<string> {
  return Deno.readTextFile(new URL(name, EXAMPLES));
}

/** What a job of GitLab runs. */
async function gitlabJob(): Promise<{ script: string; variables: Record<string, string> }> {
  const { "push-image": job } = parse(await read("gitlab-ci.yml"));
  return { script: job.script.join("\n"), variables: job.variables };
}

/** What the pipeline of Jenkins gives to the shell. */
async function jenkinsScript(): Promise<string> {
  return /sh '''\n(.*?)'''/s.exec(await read("Jenkinsfile"))![1]!;
}

/** Values of a unit of systemd by their keys. */
async function unitValues(name: string): Promise<Map<string, string[]>> {
  const lines = (await read(name)).matchAll(/^(\w+)=(.*)$/gm);
  const pairs = Array.from(lines, ([, key = "", value = ""]) => ({ key, value }));
  const grouped = Map.groupBy(pairs, ({ key }) => key);
  return new Map([...grouped].map(([key, each]) => [key, each.map(({ value }) => value)]));
}

testWith(["bash"], "the example for GitHub Actions pushes, and hands the image on", async () => {
  await using stage = await makeCiStage();
  const { workspace, target } = stage;
  const { content } = parseWorkflow("", await read("github-actions.yml"));
  const step = content.jobs.push!.steps!.find(({ id }) => id === "push")!;
  const env = {
    TARGET: target,
    REGISTRY_USER: LOGIN.username,
    REGISTRY_PASSWORD: LOGIN.password,
    DOCKER_IMAGE_PUSHER_STATE_DIR: workspace.join(".docker-image-pusher"),
  };
  assert.deepEqual(Object.keys(step.env!), Object.keys(env));
  const output = workspace.join("output");
  await stage.run(["bash", "-eo", "pipefail", "-c", step.run!], { ...env, GITHUB_OUTPUT: output });
  await stage.assertPushed(env.DOCKER_IMAGE_PUSHER_STATE_DIR);
  assert.match((await Deno.readTextFile(output)).trim().replace(/^image=/, ""), PUSHED_REGEXP);
});

testWith(["bash"], "the example for GitLab pushes with the variables of a job", async () => {
  await using stage = await makeCiStage();
  const { script, variables } = await gitlabJob();
  const [image = ""] = stage.target.split("/app:");
  const predefined: Record<string, string> = {
    CI_REGISTRY_IMAGE: image,
    CI_COMMIT_SHORT_SHA: "1",
    CI_PROJECT_DIR: stage.workspace.path,
    CI_REGISTRY_USER: LOGIN.username,
    CI_REGISTRY_PASSWORD: LOGIN.password,
  };
  const expanded = Object.entries(variables).map(([name, value]) => [
    name,
    value.replace(/\$(\w+)/g, (_, variable) => predefined[variable] ?? assert.fail(variable)),
  ]);
  const command = ["bash", "-eo", "pipefail", "-c", script];
  const printed = await stage.run(command, { ...predefined, ...Object.fromEntries(expanded) });
  assert.match(printed.trim(), PUSHED_REGEXP);
  await stage.assertPushed(stage.workspace.join(".docker-image-pusher"));
});

testWith(["bash"], "the example for Jenkins pushes without showing the password", async () => {
  await using stage = await makeCiStage();
  const script = await jenkinsScript();
  const stateDir = stage.workspace.join(".docker-image-pusher");
  // Jenkins has the shell print every command.
  const printed = await stage.run(["sh", "-xec", `{ ${script} } 2>&1`], {
    TARGET: stage.target,
    REGISTRY_USER: LOGIN.username,
    REGISTRY_PASSWORD: LOGIN.password,
    DOCKER_IMAGE_PUSHER_STATE_DIR: stateDir,
  });
  assert(!printed.includes(LOGIN.password), printed);
  await stage.assertPushed(stateDir);
  assert.match((await Deno.readTextFile(stage.workspace.join("pushed.txt"))).trim(), PUSHED_REGEXP);
});

testWith(["bash"], "the example for Kubernetes is a complete Job, and its container pushes", async () => {
  await using stage = await makeCiStage();
  const [claim, job] = parseAllDocuments(await read("kubernetes-job.yaml")).map((each) => each.toJS());
  assert.deepEqual([claim.apiVersion, claim.kind], ["v1", "PersistentVolumeClaim"]);
  assert.deepEqual([job.apiVersion, job.kind], ["batch/v1", "Job"]);
  const { spec } = job.spec.template;
  assert.equal(spec.securityContext.runAsNonRoot, true);
  const { args, env, image, volumeMounts } = spec.containers[0];
  const { version } = JSON.parse(await Deno.readTextFile(new URL("../../deno.json", EXAMPLES)));
  assert.equal(image, `ghcr.io/yorelog/docker-image-pusher:${version}`);
  const volumes: string[] = spec.volumes.map(({ name }: { name: string }) => name);
  assert.deepEqual(volumeMounts.map(({ name }: { name: string }) => name), volumes);
  assert.equal(spec.volumes[2].persistentVolumeClaim.claimName, claim.metadata.name);
  // Where the volumes are for this test.
  const { workspace } = stage;
  await stage.writeDockerConfig(workspace.path);
  const place = (text: string): string =>
    text.replace(/^\/(?:images|login|state)/, workspace.path).replace(
      "registry.example.com/team/app:1.0",
      stage.target,
    );
  const variables = env.map(({ name, value }: { name: string; value: string }) => [name, place(value)]);
  const printed = await stage.run(
    ["docker-image-pusher", ...args.map(place)],
    Object.fromEntries(variables),
  );
  assert.match(printed.trim(), PUSHED_REGEXP);
  await Deno.remove(workspace.join("config.json"));
  await stage.assertPushed(workspace.path);
});

testWith(["bash"], "the example for systemd pushes with the login that systemd hands over", async () => {
  await using stage = await makeCiStage();
  await using credentials = await makeTempDir();
  await stage.writeDockerConfig(credentials.path);
  const values = await unitValues(UNIT);
  const { workspace } = stage;
  const place = (text: string): string =>
    text.replace("/usr/local/bin/", "").replace("/srv/images", workspace.path)
      .replace("registry.example.com/team/app:1.0", stage.target)
      .replace("%d", credentials.path).replace("%S", workspace.path);
  const command = place(values.get("ExecStart")![0]!).split(" ");
  const variables = values.get("Environment")!.map((each) => place(each).split("="));
  const printed = await stage.run(command, Object.fromEntries(variables));
  assert.match(printed.trim(), PUSHED_REGEXP);
  await stage.assertPushed(workspace.join(values.get("StateDirectory")![0]!));
});

testWith(["systemd"], "systemd takes the example's service and timer", async () => {
  await using dir = await makeTempDir();
  const unit = (await read(UNIT)).replace("/usr/local/bin/docker-image-pusher", Deno.execPath());
  await Deno.writeTextFile(dir.join(UNIT), unit);
  await Deno.writeTextFile(dir.join(TIMER), await read(TIMER));
  await runCommand(["systemd-analyze", "verify", "--man=no", dir.join(UNIT), dir.join(TIMER)]);
});

testWith(["shellcheck"], "the shell parts of the examples pass shellcheck", async () => {
  const { script } = await gitlabJob();
  for (const each of [script, await jenkinsScript()]) {
    await runCommand(["shellcheck", "--shell=sh", "-"], { stdin: new TextEncoder().encode(each) });
  }
});
