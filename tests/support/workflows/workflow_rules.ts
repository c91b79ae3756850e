import { type Fields, type Job, needsOf, type Step, type Workflow } from "./workflow.ts";

const WORKFLOW_KEYS = ["name", "on", "permissions", "concurrency", "env", "jobs"];
const JOB_KEYS = ["needs", "if", "strategy", "runs-on", "timeout-minutes", "container", "env", "permissions"];
JOB_KEYS.push("defaults", "outputs", "steps", "uses");
const STEP_KEYS = ["name", "id", "if", "uses", "with", "run", "shell", "env", "working-directory"];

/** An action by its commit, with the version that this was in a comment. */
const PINNED_ACTION_REGEXP = /^[\w.-]+\/[\w./-]+@[0-9a-f]{40}$/;

/** What jobs may write to, each for one reason; everything else may only be read. */
const WRITABLE_SCOPES = ["attestations", "contents", "id-token", "packages"];

/**
 * Checks a workflow against the rules of this project. What GitHub itself would refuse is for actionlint to find; here
 * is what it would accept.
 *
 * @param workflow The workflow.
 * @returns What is against the rules, with the place.
 */
export function workflowFaults(workflow: Workflow): string[] {
  const { path, content } = workflow;
  return [
    ...unknownKeys(content, WORKFLOW_KEYS),
    ...permissionFaults(workflow),
    ...(content.concurrency ? [] : ["has no concurrency group"]),
    ...pinFaults(workflow),
    ...Object.entries(content.jobs).flatMap(([name, job]) =>
      jobFaults(job, workflow).map((fault) => `job ${name}: ${fault}`)
    ),
  ].map((fault) => `${path}: ${fault}`);
}

function permissionFaults({ content: { permissions, jobs } }: Workflow): string[] {
  if (typeof permissions !== "object" || permissions === null) return ["has no permissions"];
  const isNarrow = Object.values(permissions).every((access) => access !== "write");
  const missing = Object.keys(permissions).length > 0
    ? []
    : Object.entries(jobs).filter(([, job]) => !job.permissions).map(([name]) =>
      `job ${name} has no permissions`
    );
  const wide = Object.entries(jobs).flatMap(([name, job]) =>
    Object.entries(job.permissions ?? {})
      .filter(([scope, access]) => access === "write" && !WRITABLE_SCOPES.includes(scope))
      .map(([scope]) => `job ${name} may write to ${scope}`)
  );
  return [...(isNarrow ? [] : ["lets all jobs write"]), ...missing, ...wide];
}

function pinFaults({ text, content }: Workflow): string[] {
  const uses = Object.values(content.jobs).flatMap(({ steps = [] }) =>
    steps.flatMap(({ uses }) => uses ?? [])
  );
  const commits = Map.groupBy(new Set(uses), (action) => action.replace(/@.*/, ""));
  return [
    ...uses.filter((action) => !PINNED_ACTION_REGEXP.test(action)).map((action) =>
      `${action} is not a commit`
    ),
    ...uses.filter((action) => !text.includes(`${action} # v`)).map((action) => `${action} names no version`),
    ...[...commits].filter(([, each]) => each.length > 1).map(([name]) => `${name} is used in two versions`),
  ];
}

function jobFaults(job: Job, workflow: Workflow): string[] {
  const { jobs } = workflow.content;
  const steps = job.steps ?? [];
  return [
    ...unknownKeys(job, JOB_KEYS),
    ...(job.uses || job["timeout-minutes"] ? [] : ["has no timeout"]),
    ...needsOf(job).filter((name) => !jobs[name]).map((name) => `needs ${name}, which is no job`),
    ...expressionFaults({ ...job, steps: [] }, { job, jobs, earlier: job.outputs ? steps : [] }),
    ...steps.flatMap((step, index) =>
      stepFaults(step, { job, jobs, earlier: steps.slice(0, index) })
        .map((fault) => `step ${index + 1}: ${fault}`)
    ),
  ];
}

interface Scope {
  job: Job;
  jobs: Record<string, Job>;
  earlier: readonly Step[];
}

function stepFaults(step: Step, scope: Scope): string[] {
  const isCheckout = step.uses?.startsWith("actions/checkout@");
  const keepsToken = isCheckout && (step.with as Fields)?.["persist-credentials"] !== false;
  return [
    ...unknownKeys(step, STEP_KEYS),
    ...(keepsToken ? ["leaves the token in the repository"] : []),
    // What is expanded before the shell sees it may hold commands.
    ...(step.run?.includes("${{") ? ["has an expression in its script"] : []),
    ...expressionFaults(step, scope),
  ];
}

function expressionFaults(fields: Fields, { job, jobs, earlier }: Scope): string[] {
  const expressions = [...JSON.stringify(fields).matchAll(/\$\{\{(.*?)\}\}/g)].map(([, text = ""]) => text);
  return expressions.flatMap((text) => {
    const [, context, name = "", output] =
      /\b(steps|needs|matrix)\.([\w-]+)(?:\.outputs\.([\w-]+))?/.exec(text) ?? [];
    if (context === "steps") return earlier.some(({ id }) => id === name) ? [] : [`no step ${name} before`];
    if (context === "matrix") return hasMatrixKey(job, name) ? [] : [`the matrix has no ${name}`];
    if (context !== "needs") return [];
    if (!needsOf(job).includes(name)) return [`does not need ${name}`];
    return output === undefined || jobs[name]?.outputs?.[output]
      ? []
      : [`job ${name} has no output ${output}`];
  });
}

function hasMatrixKey({ strategy: { matrix = {} } = {} }: Job, key: string): boolean {
  const included = (matrix.include ?? []) as Fields[];
  return key in matrix || (included.length > 0 && included.every((entry) => key in entry));
}

function unknownKeys(fields: Fields, known: readonly string[]): string[] {
  return Object.keys(fields).filter((key) => !known.includes(key)).map((key) => `${key} is not known`);
}
