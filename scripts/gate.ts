/**
 * Runs every step of `deno task ok`, also after one has failed, and ends with one line `N passed, M failed`: each test
 * counts, and each step that is not a test run counts as one.
 *
 * @module
 */

/** A test that hangs must not keep the last line from being written. */
const MAX_MINUTES = 75;

/** How tests went. */
export interface TestCount {
  /** How many passed. */
  passed: number;
  /** How many failed. */
  failed: number;
  /** Names of the tests that were skipped; each says why. */
  skipped: string[];
}

if (import.meta.main) Deno.exitCode = await runGate();

async function runGate(): Promise<number> {
  const config = JSON.parse(await Deno.readTextFile(new URL("../deno.json", import.meta.url)));
  const total: TestCount = { passed: 0, failed: 0, skipped: [] };
  const failedSteps: string[] = [];
  const deadline = AbortSignal.timeout(MAX_MINUTES * 60_000);
  for (const step of config.tasks.ok.split(" && ")) {
    print(`\n== ${step}`);
    const count = await runStep(step, deadline);
    total.passed += count.passed;
    total.failed += count.failed;
    total.skipped.push(...count.skipped);
    if (count.failed > 0) failedSteps.push(step);
  }
  print(deadline.aborted ? `\nstopped after ${MAX_MINUTES} minutes` : "");
  for (const step of failedSteps) print(`failed: ${step}`);
  for (const name of total.skipped) print(`skipped: ${name}`);
  print(`${total.passed} passed, ${total.failed} failed`);
  return total.failed > 0 ? 1 : 0;
}

async function runStep(step: string, deadline: AbortSignal): Promise<TestCount> {
  const [program, ...args] = step.split(" ");
  if (program !== "deno") throw new Error(`Cannot run the step "${step}": it does not start with "deno"`);
  if (args[0] !== "test") {
    const isDone = await runDeno(args, deadline);
    return { passed: isDone ? 1 : 0, failed: isDone ? 0 : 1, skipped: [] };
  }
  const report = await Deno.makeTempFile({ suffix: ".xml" });
  const isDone = await runDeno([...args, `--junit-path=${report}`], deadline);
  const count = countTests(await Deno.readTextFile(report));
  await Deno.remove(report);
  // A module that does not load, or a leak found at the end, fails the run without failing a test.
  if (!isDone && count.failed === 0) count.failed++;
  return count;
}

async function runDeno(args: string[], signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return false;
  const { success } = await new Deno.Command(Deno.execPath(), { args, stdin: "null", signal }).spawn().status;
  return success;
}

/**
 * Counts the tests of a report.
 *
 * @param junit In the format of JUnit, as `deno test --junit-path` writes it.
 * @returns How many passed, failed and were skipped.
 */
export function countTests(junit: string): TestCount {
  const count: TestCount = { passed: 0, failed: 0, skipped: [] };
  for (
    const [, name = "", body = ""] of junit.matchAll(/<testcase name="([^"]*)"[^>]*>(.*?)<\/testcase>/gs)
  ) {
    if (body.includes("<failure") || body.includes("<error")) count.failed++;
    else if (body.includes("<skipped")) count.skipped.push(unescapeXml(name));
    else count.passed++;
  }
  return count;
}

function unescapeXml(text: string): string {
  const characters: Record<string, string> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
  return text.replace(/&(\w+);/g, (entity, name) => characters[name] ?? entity);
}

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}
