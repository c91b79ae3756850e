/**
 * Tests against programs that are not ours. Where one is not installed, the test is skipped and says so; with
 * `CI=true` it fails instead.
 *
 * @module
 */

/** What a real part is made of. */
interface Part {
  /** Programs that must be on the PATH. */
  programs: readonly string[];
  /** Whether it works for root on Linux only. */
  needsRoot?: boolean;
  /** Whether programs of the same name are others elsewhere. */
  needsLinux?: boolean;
}

const PARTS = {
  "docker": { programs: ["docker", "dockerd"], needsRoot: true },
  "podman": { programs: ["podman"], needsRoot: true },
  "registry": { programs: ["docker-registry"] },
  "htpasswd": { programs: ["htpasswd"] },
  "skopeo": { programs: ["skopeo"] },
  "umoci": { programs: ["umoci"] },
  "pass": { programs: ["docker-credential-pass", "pass", "gpg", "gpgconf", "gpg-agent"] },
  "tmux": { programs: ["tmux"], needsLinux: true },
  "terminal": { programs: ["script", "stty"], needsLinux: true },
  "nginx": { programs: ["nginx"] },
  "tinyproxy": { programs: ["tinyproxy"] },
  "time": { programs: ["/usr/bin/time"], needsLinux: true },
  "mount": { programs: ["mount", "umount"], needsRoot: true },
  "chroot": { programs: ["/usr/sbin/chroot", "ldd"], needsRoot: true },
  "gzip": { programs: ["gzip"] },
  "zstd": { programs: ["zstd"] },
  "xz": { programs: ["xz"] },
  "bzip2": { programs: ["bzip2"] },
  "lz4": { programs: ["lz4"] },
  "curl": { programs: ["curl"], needsLinux: true },
  "wget": { programs: ["wget"], needsLinux: true },
  "prlimit": { programs: ["prlimit"], needsLinux: true },
  "bash": { programs: ["bash"] },
  "mandoc": { programs: ["mandoc"] },
  "zsh": { programs: ["zsh"] },
  "fish": { programs: ["fish"] },
  "shellcheck": { programs: ["shellcheck"] },
  "systemd": { programs: ["systemd-analyze"] },
} as const satisfies Record<string, Part>;

/** A program, or several, that tests may need. */
export type RealPart = keyof typeof PARTS;

/**
 * Defines a test that needs real parts.
 *
 * @param name Says what is tested.
 * @param parts What it needs.
 * @param test The test.
 */
export function testWith(parts: readonly RealPart[], name: string, test: () => Promise<void>): void {
  testUnless(parts.flatMap((part) => missingOf(PARTS[part])), name, test);
}

/**
 * Defines a test that needs something from outside.
 *
 * @param missing What is not there: the test runs if it is nothing.
 * @param name Says what is tested.
 * @param test The test.
 */
export function testUnless(
  missing: readonly string[],
  name: string,
  test: (context: Deno.TestContext) => Promise<void>,
): void {
  if (missing.length === 0) Deno.test(name, test);
  else if (Deno.env.get("CI") === "true") Deno.test(name, () => failFor(missing));
  else Deno.test({ name: `${name} [skipped: no ${missing.join(", no ")}]`, ignore: true, fn: test });
}

function failFor(missing: readonly string[]): never {
  throw new Error(`Cannot run: no ${missing.join(", no ")}, and CI=true allows no skipping`);
}

function missingOf({ programs, needsRoot = false, needsLinux = false }: Part): string[] {
  const missing: string[] = programs.filter((program) => !isInstalled(program));
  if (needsLinux && Deno.build.os !== "linux") missing.push("Linux");
  if (needsRoot && !(Deno.build.os === "linux" && Deno.uid() === 0)) missing.push("root on Linux");
  return missing;
}

function isInstalled(program: string): boolean {
  if (Deno.build.os === "windows") return false;
  const folders = program.startsWith("/")
    ? [""]
    : (Deno.env.get("PATH") ?? "").split(":").map((path) => `${path}/`);
  return folders.some((folder) => isFile(folder + program));
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
