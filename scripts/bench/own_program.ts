import type { Program } from "./measure.ts";

const PROJECT = new URL("../../", import.meta.url);

/**
 * This program, run from its source, as measured.
 *
 * @param stateDir Where it remembers things.
 * @param args A command and its arguments.
 * @returns The program.
 */
export function ownProgram(stateDir: string, args: readonly string[]): Program {
  return script("main.ts", ...args, "--progress", "none", "--state-dir", stateDir);
}

/**
 * A program of the project.
 *
 * @param path Where it is, seen from the project's folder; or an absolute one.
 * @param args Its arguments.
 * @returns The program.
 */
export function script(path: string, ...args: string[]): Program {
  return { command: [Deno.execPath(), "run", "-A", new URL(path, PROJECT).pathname, ...args] };
}
