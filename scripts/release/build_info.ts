/** What a build is made of. */
export interface BuildInfo {
  /** Version of the program. */
  version: string;
  /** The commit, followed by `-dirty` if files differ from it; empty outside of a repository. */
  commit: string;
  /** When it was committed, in seconds since 1970: the time of everything that is built. */
  epochSeconds: number;
}

/**
 * Finds out what is being built.
 *
 * @param project The project's root.
 * @returns Version, commit and time; `SOURCE_DATE_EPOCH` of the environment comes before the time of the commit.
 */
export async function readBuildInfo(project: URL): Promise<BuildInfo> {
  const { version } = JSON.parse(await Deno.readTextFile(new URL("deno.json", project)));
  const commit = await git(project, "rev-parse", "HEAD");
  const isDirty = await git(project, "status", "--porcelain") !== "";
  const committed = await git(project, "log", "-1", "--format=%ct");
  return {
    version,
    commit: commit && isDirty ? `${commit}-dirty` : commit,
    epochSeconds: Number(Deno.env.get("SOURCE_DATE_EPOCH") ?? (committed || 0)),
  };
}

async function git(project: URL, ...args: string[]): Promise<string> {
  try {
    const { success, stdout } = await new Deno.Command("git", { args, cwd: project, stderr: "null" })
      .output();
    return success ? new TextDecoder().decode(stdout).trim() : "";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
