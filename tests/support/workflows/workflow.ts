import { parse } from "yaml";

/** A workflow of GitHub's, as far as the rules look at it. */
export interface Workflow {
  /** Where it is, from the project's root. */
  path: string;
  /** All of it; comments are only here. */
  text: string;
  /** What it is at the top. */
  content: Fields & { jobs: Record<string, Job> };
}

/** Keys and values. */
export type Fields = Record<string, unknown>;

/** A job. */
export type Job = Fields & {
  needs?: string | string[];
  outputs?: Fields;
  permissions?: Record<string, string>;
  steps?: Step[];
  strategy?: { matrix?: Fields };
  uses?: string;
};

/** A step of a job. */
export type Step = Fields & { id?: string; run?: string; uses?: string };

/**
 * Reads a workflow.
 *
 * @param path Where it is, from the project's root.
 * @param text Its content.
 * @returns The workflow.
 */
export function parseWorkflow(path: string, text: string): Workflow {
  return { path, text, content: parse(text) };
}

/**
 * Lists the jobs that a job waits for.
 *
 * @param job The job.
 * @returns Their names.
 */
export function needsOf({ needs = [] }: Job): string[] {
  return [needs].flat();
}
