/**
 * What the program may do: everything but load native libraries and code from elsewhere. Which files it writes, which
 * registries it talks to and which credential helpers it runs is said by its arguments and by docker's configuration,
 * and is not known before.
 */
export const PERMISSIONS: readonly string[] = [
  "--no-prompt",
  "--allow-net",
  "--allow-read",
  "--allow-write",
  "--allow-env",
  "--allow-sys",
  "--allow-run",
];

/**
 * What V8 does without. Reading, hashing and sending is not JavaScript's work: a push or pull ends before code that is
 * compiled a second time pays for itself, or so much garbage has gathered. docs/measurements.md has the numbers.
 */
export const V8_FLAGS = "--v8-flags=--max-semi-space-size=1,--no-maglev,--no-turbofan";

/** How Deno runs the bundle: with nothing but its files, whatever lies in the working directory. */
export const RUN_FLAGS: readonly string[] = [
  "--quiet",
  "--no-config",
  "--no-lock",
  "--no-remote",
  "--no-npm",
  "--cached-only",
  "--no-code-cache",
  "--node-modules-dir=manual",
  V8_FLAGS,
  ...PERMISSIONS,
];
