import assert from "node:assert/strict";
import { fixturePath } from "../fixture_archives.ts";
import { cleanEnvironment } from "../run_cli.ts";
import { runCommand } from "../run_command.ts";
import { writeShellProgram } from "../shell_program.ts";
import { makeTempDir, type TempDir } from "../temp_dir.ts";
import { startTestRegistry } from "../test_registry.ts";

const MAIN = new URL("../../../main.ts", import.meta.url);

/** What the registry of a stage wants. */
export const LOGIN = { username: "ann", password: "s3cret" } as const;

/** What a job of a CI finds: a checkout with `app.tar` in it, the installed program, and a registry that wants a login. */
export interface CiStage extends AsyncDisposable {
  /** The checkout. */
  readonly workspace: TempDir;
  /** Where the image is to go. */
  readonly target: string;
  /** Writes docker's `config.json` with the login, and gives its content. */
  writeDockerConfig(directory: string): Promise<void>;
  /** Runs a command in the checkout, as the only thing with this environment. */
  run(command: readonly string[], env: Record<string, string>): Promise<string>;
  /** Asserts that the image is there, and that the state is kept here, without the password. */
  assertPushed(stateDir: string): Promise<void>;
}

/**
 * Sets a stage up.
 *
 * @returns The stage; disposing it removes everything.
 */
export async function makeCiStage(): Promise<CiStage> {
  await using stack = new AsyncDisposableStack();
  const workspace = stack.use(await makeTempDir());
  const home = stack.use(await makeTempDir());
  const registry = stack.use(
    startTestRegistry({ auth: { type: "basic", users: { [LOGIN.username]: LOGIN.password } } }),
  );
  await Deno.copyFile(fixturePath("docker2010-one"), workspace.join("app.tar"));
  await writeShellProgram(home, "docker-image-pusher", `exec '${Deno.execPath()}' run -q -A '${MAIN}' "$@"`);
  const { DOCKER_IMAGE_PUSHER_STATE_DIR: _, PATH, ...clean } = await cleanEnvironment(home.path);
  const variables = Object.entries({ ...clean, PATH: `${home.path}:${PATH}` });
  const authorization = btoa(`${LOGIN.username}:${LOGIN.password}`);
  const resources = stack.move();
  return {
    workspace,
    target: `${registry.host}/team/app:1`,
    async writeDockerConfig(directory) {
      const content = { auths: { [registry.host]: { auth: authorization } } };
      await Deno.writeTextFile(`${directory}/config.json`, JSON.stringify(content));
    },
    run(command, env) {
      const all = [...variables, ...Object.entries(env)]
        .flatMap(([name, value]) => value === undefined ? [] : [`${name}=${value}`]);
      return runCommand(["env", "-i", ...all, ...command], { cwd: workspace.path });
    },
    async assertPushed(stateDir) {
      const response = await fetch(`${registry.origin}/v2/team/app/manifests/1`, {
        headers: { authorization: `Basic ${authorization}` },
      });
      assert.equal(response.status, 200, await response.text());
      const history = await Deno.readTextFile(`${stateDir}/push_history.json`);
      assert(history.includes("team/app"));
      for await (const { name, isFile } of Deno.readDir(stateDir)) {
        if (!isFile) continue;
        assert(!(await Deno.readTextFile(`${stateDir}/${name}`)).includes(LOGIN.password), name);
      }
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
