import { type BuildPlatform, denoPin, fetchArchive } from "./deno_executable.ts";

/**
 * Gets what a build needs from outside, the executable of Deno and what `deno bundle` runs, unless it is kept already.
 *
 * @param platform For which a package is built.
 * @param env Variables: they say where the registry and the cache are.
 * @returns What is not kept and cannot be downloaded either, because there is no network.
 * @throws {Error} If the registry has something else than what is pinned.
 */
export async function missingForBuild(
  platform: BuildPlatform,
  env: Readonly<Record<string, string>> = Deno.env.toObject(),
): Promise<string[]> {
  const missing: string[] = [];
  const pin = denoPin(platform);
  try {
    await fetchArchive(pin, env);
  } catch (error) {
    if (!(error instanceof Error && error.cause instanceof TypeError)) throw error;
    missing.push(`network to download ${pin.package}`);
  }
  if (!await canBundle()) missing.push("network to download what deno bundle runs");
  return missing;
}

async function canBundle(): Promise<boolean> {
  const script = new URL("event_emitter.js", import.meta.url).href;
  const args = ["bundle", "--quiet", "--no-config", "--no-lock", script];
  const { success } = await new Deno.Command(Deno.execPath(), { args, stdout: "null", stderr: "null" })
    .output();
  return success;
}
