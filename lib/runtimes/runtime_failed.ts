import { PusherError } from "../errors.ts";
import type { CommandEnd } from "./command_runner.ts";
import type { RuntimeName } from "./container_runtime.ts";

/**
 * The error for a runtime that ran and failed, in its own words.
 *
 * @param action What failed, for example `save "nginx:latest"`.
 * @param options Which runtime, and how it ended.
 * @returns `RUNTIME_FAILED`, to be thrown.
 */
export function runtimeFailed(
  action: string,
  options: CommandEnd & { runtime: RuntimeName },
): PusherError<"RUNTIME_FAILED"> {
  const { runtime, exitCode, stderr } = options;
  const lastLine = stderr.split("\n").at(-1) || `it ended with exit code ${exitCode} and said nothing`;
  return new PusherError("RUNTIME_FAILED", `Cannot ${action}: ${runtime}: ${lastLine}`, {
    detail: { runtime, exitCode, stderr },
    hint: `Solve this with ${runtime} itself, then try again.`,
  });
}
