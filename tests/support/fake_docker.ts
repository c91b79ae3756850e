import { writeShellProgram } from "./shell_program.ts";
import { makeTempDir } from "./temp_dir.ts";

/** A program called docker. */
export interface FakeDocker extends AsyncDisposable {
  /** An environment in which it is found. */
  readonly env: { PATH: string };
}

/**
 * Makes a program that lists and saves images as docker does; it holds `app:1` and `web:2`.
 *
 * @param save What it does to save one, for `/bin/sh`.
 * @returns The program; disposing it removes it.
 */
export async function makeFakeDocker(save = "printf content"): Promise<FakeDocker> {
  const folder = await makeTempDir();
  await writeShellProgram(
    folder,
    "docker",
    `case "$1" in
      version) echo 20.10.24 ;;
      images)
        echo '{"Repository":"app","Tag":"1","ID":"0123456789ab","Size":"1.2MB"}'
        echo '{"Repository":"web","Tag":"2","ID":"0123456789ac","Size":"3MB"}' ;;
      save) ${save} ;;
    esac`,
  );
  return {
    env: { PATH: `${folder.path}:/usr/bin:/bin` },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}
