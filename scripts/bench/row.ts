import { runCommand } from "../../tests/support/run_command.ts";
import { startRealRegistry } from "../../tests/support/real_registry.ts";
import { measure, type Measurement, type Program } from "./measure.ts";

/** A line of the table. */
export interface Row {
  /** What is measured. */
  name: string;
  /** What is read or sent, for the throughput; nothing where that says nothing. */
  sizeBytes?: number;
  /** Measures it once; may be called again. */
  measure: () => Promise<Measurement>;
}

/**
 * Measures a program against a registry that has nothing: tools remember what a registry has, and mount it.
 *
 * @param program Makes the program for a registry, given as host and port.
 * @param options What comes before.
 * @param options.prepare Programs to run first, unmeasured.
 * @returns What it took.
 */
export async function measureAtEmptyRegistry(
  program: (host: string) => Program,
  { prepare = () => [] }: { prepare?: (host: string) => readonly Program[] } = {},
): Promise<Measurement> {
  await using registry = await startRealRegistry();
  for (const { command, env = {} } of prepare(registry.host)) await runCommand(command, { env });
  return await measure(program(registry.host));
}
