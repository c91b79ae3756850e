import { runCli } from "../../lib/cli/app.ts";
import { FakeHost, type FakeHostOptions } from "../unit/cli/fake_host.ts";
import { FakeClock } from "./fake_clock.ts";

/** What came of a command line. */
export interface HostRun {
  /** Exit code. */
  readonly code: number;
  /** Standard output. */
  readonly stdout: string;
  /** Standard error. */
  readonly stderr: string;
}

/** A host on which waiting takes no time. */
export class PatientHost extends FakeHost {
  override readonly clock: FakeClock = new FakeClock({ autoAdvance: true });
}

/**
 * Runs a command line in this process, without a terminal and without time passing.
 *
 * @param args Arguments, without the program's name.
 * @param options What the host pretends; its environment should name a state directory.
 * @returns What came of it.
 */
export async function runOnHost(args: readonly string[], options: FakeHostOptions): Promise<HostRun> {
  const host = new PatientHost(options);
  const code = await runCli(args, host);
  return { code, stdout: host.stdout.text, stderr: host.stderr.text };
}
