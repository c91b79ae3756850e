import { describeProgram } from "../../lib/cli/app.ts";
import { completionScript } from "../../lib/cli/completion/completion_script.ts";
import { denoHost } from "../../lib/cli/host.ts";
import { type PackageFile, textFile } from "./package_file.ts";

const MAN = new URL("../../docs/man/", import.meta.url);

/** Where shells look below a prefix; PowerShell has no such place. */
const COMPLETIONS = {
  bash: "bash-completion/completions/docker-image-pusher",
  zsh: "zsh/site-functions/_docker-image-pusher",
  fish: "fish/vendor_completions.d/docker-image-pusher.fish",
  powershell: "powershell/docker-image-pusher.ps1",
} as const;

/**
 * Makes what a package has for people who type: manual pages, and completions for every shell.
 *
 * @returns The files, below `share/` as they are below a prefix.
 */
export async function shareFiles(): Promise<PackageFile[]> {
  const program = describeProgram(denoHost());
  const shells = Object.keys(COMPLETIONS) as (keyof typeof COMPLETIONS)[];
  const files = shells.map((shell) =>
    textFile(`share/${COMPLETIONS[shell]}`, completionScript(shell, program))
  );
  for await (const { name } of Deno.readDir(MAN)) {
    files.push(textFile(`share/man/man1/${name}`, await Deno.readTextFile(new URL(name, MAN))));
  }
  return files;
}
