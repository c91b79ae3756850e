/**
 * Writes the screens under docs/screens/: what a terminal of 80 columns shows of real runs of the command, in tmux, against
 * a registry in this process. Rates and times differ from run to run.
 *
 * @module
 */

import { dockerSaveMembers, tarBytes } from "../tests/support/archives.ts";
import { refuse } from "../tests/support/registry/answer_faults.ts";
import { slowDown } from "../tests/support/registry/connection_faults.ts";
import { seededBytes } from "../tests/support/seeded_random.ts";
import { writeShellProgram } from "../tests/support/shell_program.ts";
import { makeTempDir, type TempDir } from "../tests/support/temp_dir.ts";
import { startTestRegistry, type TestRegistry } from "../tests/support/test_registry.ts";
import { TmuxTerminal } from "./screens/tmux_terminal.ts";

const PROJECT = new URL("../", import.meta.url);
const MIB = 2 ** 20;
const HOUR_MS = 3_600_000;
const LAYER_MIB = [8, 30, 20, 4, 1];
const LINK_BYTES_PER_SECOND = 4 * MIB;
/** What stands for the registry, wherever it listens. */
const SHOWN_HOST = "127.0.0.1:5000";

/** What a screen is taken of. */
interface Stage {
  terminal: TmuxTerminal;
  registry: TestRegistry;
  dir: TempDir;
}

const SCREENS: Readonly<Record<string, (stage: Stage) => Promise<string>>> = {
  push: async ({ terminal, registry }) => {
    await terminal.type(pushCommand(registry, "team/shop"));
    return await terminal.waitFor(/done(?:.*\n)+total [45]\d%/);
  },
  stopped: async ({ terminal }) => {
    await terminal.press("C-c");
    return await terminal.waitFor(/error: Stopped by SIGINT\n\$/);
  },
  resumed: async ({ terminal, registry }) => {
    await terminal.clear();
    await terminal.type(pushCommand(registry, "team/shop"));
    return await terminal.waitFor(/continued(?:.*\n)+total [6-8]\d%/);
  },
  pushed: ({ terminal }) => terminal.waitFor(/^Pushed [^$]*\n\$/m),
  failed: async ({ terminal, registry }) => {
    await terminal.clear();
    const refusal = refuse(400, "TAG_INVALID", { message: "tag 1.4 is immutable" });
    registry.addFault({ on: "put-manifest", times: Infinity, do: refusal });
    await terminal.type(pushCommand(registry, "team/web"));
    return await terminal.waitFor(/^hint: [^$]*\n\$/m);
  },
  save: async ({ terminal, dir }) => {
    await writeShellProgram(dir, "docker", dockerScript(Date.now()));
    await terminal.clear();
    await terminal.type("docker-image-pusher save");
    await terminal.waitFor(/confirm/);
    await terminal.press("Space", "Down", "Down", "Space");
    return await terminal.waitFor(/◼[^]*◼/);
  },
};

if (import.meta.main) await takeScreens();

async function takeScreens(): Promise<void> {
  await using dir = await makeTempDir();
  const layers = LAYER_MIB.map((sizeMib, index) =>
    tarBytes([{ name: `layer${index}`, body: seededBytes(sizeMib * MIB, index + 1) }])
  );
  await Deno.writeFile(
    dir.join("shop.tar"),
    tarBytes(await dockerSaveMembers([{ tags: ["team/shop:1.4"], layers }])),
  );
  await writeShellProgram(
    dir,
    "docker-image-pusher",
    `exec "${Deno.execPath()}" run -q -A "${new URL("main.ts", PROJECT).pathname}" "$@"`,
  );
  await using registry = startTestRegistry({
    faults: [{ on: ["append", "commit"], times: Infinity, do: slowDown(LINK_BYTES_PER_SECOND) }],
  });
  await using terminal = await TmuxTerminal.start(dir);
  const folder = new URL("docs/screens/", PROJECT);
  await Deno.mkdir(folder, { recursive: true });
  for (const [name, take] of Object.entries(SCREENS)) {
    const screen = await take({ terminal, registry, dir });
    const text = screen.replaceAll(registry.host, SHOWN_HOST);
    await Deno.writeTextFile(new URL(`${name}.txt`, folder), `${text.trimEnd()}\n`);
  }
  await terminal.press("C-c");
  await terminal.waitFor(/error: Canceled[^]*\n\$/);
}

function pushCommand({ host }: TestRegistry, repository: string): string {
  return `docker-image-pusher push shop.tar -t ${host}/${repository}:1.4`;
}

/** A docker that holds a few images. */
function dockerScript(nowMs: number): string {
  const image = (
    name: string,
    tag: string,
    { size, ageHours }: { size: string; ageHours: number },
  ): string => {
    const created = new Date(nowMs - ageHours * HOUR_MS).toISOString();
    const CreatedAt = created.replace("T", " ").replace(/\.\d+Z$/, " +0000 UTC");
    return `echo '${
      JSON.stringify({ Repository: name, Tag: tag, ID: `0123456789a${tag[0]}`, Size: size, CreatedAt })
    }'`;
  };
  return `case "$1" in
    version) echo 28.2.2 ;;
    images)
      ${image("team/shop", "1.4", { size: "66.1MB", ageHours: 3 })}
      ${image("registry.example.com/team/base", "2026.10", { size: "1.24GB", ageHours: 50 })}
      ${image("redis", "7", { size: "45MB", ageHours: 24 * 40 })}
      ${image("busybox", "latest", { size: "4.27MB", ageHours: 24 * 500 })} ;;
  esac`;
}
