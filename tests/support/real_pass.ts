import { runCommand } from "./run_command.ts";
import { makeTempDir } from "./temp_dir.ts";

/** A password store of its own, which `docker-credential-pass` keeps logins in. */
export interface RealPass extends AsyncDisposable {
  /** What makes `pass` and gpg use it. */
  readonly env: { GNUPGHOME: string; PASSWORD_STORE_DIR: string };
  /** Names of everything that is kept. */
  entries(): Promise<string[]>;
}

/**
 * Sets up gpg with a key without a passphrase, and `pass` with it.
 *
 * @returns The store; disposing it ends gpg's agent and removes everything.
 */
export async function makeRealPass(): Promise<RealPass> {
  await using stack = new AsyncDisposableStack();
  const dir = stack.use(await makeTempDir());
  const env = { GNUPGHOME: dir.join("gpg"), PASSWORD_STORE_DIR: dir.join("store") };
  await Deno.mkdir(env.GNUPGHOME, { mode: 0o700 });
  stack.defer(async () => void await runCommand(["gpgconf", "--kill", "gpg-agent"], { env }));
  const user = "test@example.com";
  const key = ["--quick-gen-key", user, "default", "default", "never"];
  await runCommand(["gpg", "--batch", "--quiet", "--passphrase", "", ...key], { env });
  await runCommand(["pass", "init", user], { env });
  const resources = stack.move();
  return {
    env,
    async entries() {
      const names: string[] = [];
      const walk = async (path: string): Promise<void> => {
        for await (const entry of Deno.readDir(path)) {
          if (entry.isDirectory) await walk(`${path}/${entry.name}`);
          else if (entry.name.endsWith(".gpg")) names.push(entry.name);
        }
      };
      await walk(env.PASSWORD_STORE_DIR);
      return names;
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
