/** How to run a program. */
export interface CommandOptions {
  /** What to give it on stdin. */
  stdin?: Uint8Array;
  /** Variables on top of the environment. */
  env?: Record<string, string>;
  /** Where it runs. */
  cwd?: string;
}

/**
 * Runs a program to its end.
 *
 * @param command The program and its arguments.
 * @param options How.
 * @returns What it wrote on stdout.
 * @throws {Error} If it fails, with what it wrote on stderr.
 */
export async function runCommand(
  [program = "", ...args]: readonly string[],
  { stdin, ...options }: CommandOptions = {},
): Promise<string> {
  const command = new Deno.Command(program, {
    args,
    ...options,
    stdin: stdin ? "piped" : "null",
    stdout: "piped",
    stderr: "piped",
  });
  const child = command.spawn();
  const feeding = stdin && new Blob([stdin as BlobPart]).stream().pipeTo(child.stdin).catch(() => {});
  const [output] = await Promise.all([child.output(), feeding]);
  if (output.success) return new TextDecoder().decode(output.stdout);
  throw new Error(`${[program, ...args].join(" ")} failed with ${output.code}: ${decode(output.stderr)}`);
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes).trim();
}
