import assert from "node:assert/strict";
import { TmuxTerminal } from "../../scripts/screens/tmux_terminal.ts";
import { dockerSaveMembers, layerBytes, tarBytes } from "../support/archives.ts";
import { testWith } from "../support/real_parts.ts";
import { writeShellProgram } from "../support/shell_program.ts";
import { makeTempDir } from "../support/temp_dir.ts";
import { startTestRegistry } from "../support/test_registry.ts";

const MAIN = new URL("../../main.ts", import.meta.url);

testWith(
  ["tmux"],
  "a push that is stopped with Ctrl+Z leaves the cursor to the shell, and goes on after fg",
  async () => {
    await using dir = await makeTempDir();
    const members = await dockerSaveMembers([{ tags: ["app:1"], layers: [layerBytes("layer")] }]);
    await Deno.writeFile(dir.join("app.tar"), tarBytes(members));
    await writeShellProgram(dir, "push", `exec "${Deno.execPath()}" run -q -A "${MAIN.pathname}" push "$@"`);
    await using registry = startTestRegistry();
    const { promise: isSeen, resolve: goOn } = Promise.withResolvers<void>();
    registry.addFault({
      on: "commit",
      do: async (_, next) => {
        await isSeen;
        return await next();
      },
    });
    await using terminal = await TmuxTerminal.start(dir);
    await terminal.type(`push app.tar -t ${registry.host}/app:1 -y`);
    await terminal.waitFor(/total/);
    assert.equal(await terminal.isCursorShown(), false);
    await terminal.press("C-z");
    const stopped = await terminal.waitFor(/Stopped .*push[^]*\n\$/);
    assert.doesNotMatch(stopped, /total/);
    assert.equal(await terminal.isCursorShown(), true);
    await terminal.type("fg");
    await terminal.waitFor(/\n\$ fg[^]*total/);
    assert.equal(await terminal.isCursorShown(), false);
    goOn();
    await terminal.waitFor(/^Pushed [^$]*\n\$/m);
    assert.equal(await terminal.isCursorShown(), true);
  },
);
