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
  ...PERMISSIONS,
];
