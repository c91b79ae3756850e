import assert from "node:assert/strict";
import { fileNames } from "./support/file_names.ts";
import { testWith } from "./support/real_parts.ts";
import { runCommand } from "./support/run_command.ts";
import { parseWorkflow, type Step, type Workflow } from "./support/workflows/workflow.ts";
import { workflowFaults } from "./support/workflows/workflow_rules.ts";

const PROJECT = new URL("../", import.meta.url);
const FOLDER = ".github/workflows";
const EXAMPLE = "docs/examples/github-actions.yml";

const names = await fileNames(new URL(FOLDER, PROJECT).pathname.replace(/^\/([A-Za-z]:)/, "$1"));
const own = await Promise.all(names.map((name) => readWorkflow(`${FOLDER}/${name}`)));
const workflows = [...own, await readWorkflow(EXAMPLE)];

async function readWorkflow(path: string): Promise<Workflow> {
  return parseWorkflow(path, await Deno.readTextFile(new URL(path, PROJECT)));
}

function steps({ content }: Workflow): Step[] {
  return Object.values(content.jobs).flatMap((job) => job.steps ?? []);
}

Deno.test("the workflows are as the rules want them", () => {
  const faults = workflows.flatMap(workflowFaults);
  if (faults.length > 0) assert.fail(`${faults.length} against the rules:\n  ${faults.join("\n  ")}`);
});

Deno.test("the workflows run tasks and files that there are", async () => {
  const { tasks } = JSON.parse(await Deno.readTextFile(new URL("deno.json", PROJECT)));
  for (const workflow of own) {
    for (const { run = "" } of steps(workflow)) {
      for (const [, task = ""] of run.matchAll(/deno task ([\w:]+)/g)) assert(tasks[task], task);
      for (const [path] of run.matchAll(/(?:scripts|tests|docs|\.ci)\/[\w./-]+/g)) {
        await Deno.stat(new URL(path, PROJECT));
      }
    }
    for (const { uses } of Object.values(workflow.content.jobs)) {
      if (uses) await Deno.stat(new URL(uses, PROJECT));
    }
  }
});

Deno.test("the workflows use the Deno that the scripts use", async () => {
  const script = await Deno.readTextFile(new URL("scripts/find_deno.sh", PROJECT));
  const version = /^DENO_VERSION=(.+)$/m.exec(script)?.[1];
  const used = own.flatMap(({ text }) => [...text.matchAll(/deno-version: (.+)/g)].map(([, found]) => found));
  assert.deepEqual([...new Set(used)], [version]);
});

testWith(["shellcheck"], "what the workflows run passes shellcheck", async () => {
  for (const workflow of workflows) {
    for (const { run } of steps(workflow)) {
      if (run) {
        await runCommand(["shellcheck", "--shell=bash", "-"], { stdin: new TextEncoder().encode(run) });
      }
    }
  }
});

Deno.test("the rules find what they are for", () => {
  const text = `
on: push
permissions:
  contents: write
job: 1
jobs:
  a:
    runs-on: x
    outputs:
      there: \${{ steps.s.outputs.y }}
    permissions:
      issues: write
    steps:
      - uses: actions/checkout@v4
      - uses: a/b@0123456789012345678901234567890123456789 # v1
      - uses: a/b@0123456789012345678901234567890123456780
      - run: echo "\${{ matrix.os }}"
        foo: bar
  b:
    needs: [a, z]
    timeout-minutes: 1
    steps:
      - run: echo
        env:
          A: \${{ needs.a.outputs.there }}
          B: \${{ needs.a.outputs.missing }}
          C: \${{ needs.c.result }}
          D: \${{ steps.later.outputs.x }}
      - id: later
        run: echo
`;
  assert.deepEqual(workflowFaults(parseWorkflow("w.yml", text)), [
    "w.yml: job is not known",
    "w.yml: lets all jobs write",
    "w.yml: job a may write to issues",
    "w.yml: has no concurrency group",
    "w.yml: actions/checkout@v4 is not a commit",
    "w.yml: actions/checkout@v4 names no version",
    "w.yml: a/b@0123456789012345678901234567890123456780 names no version",
    "w.yml: a/b is used in two versions",
    "w.yml: job a: has no timeout",
    "w.yml: job a: no step s before",
    "w.yml: job a: step 1: leaves the token in the repository",
    "w.yml: job a: step 4: foo is not known",
    "w.yml: job a: step 4: has an expression in its script",
    "w.yml: job a: step 4: the matrix has no os",
    "w.yml: job b: needs z, which is no job",
    "w.yml: job b: step 1: job a has no output missing",
    "w.yml: job b: step 1: does not need c",
    "w.yml: job b: step 1: no step later before",
  ]);
});
