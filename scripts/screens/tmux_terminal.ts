import { cleanEnvironment } from "../../tests/support/run_cli.ts";
import { runCommand } from "../../tests/support/run_command.ts";
import type { TempDir } from "../../tests/support/temp_dir.ts";

const SIZE = { columns: 80, rows: 24 } as const;
const POLL_MS = 50;
const TIMEOUT_MS = 120_000;

/** A shell on a terminal of 80 columns and 24 rows that nobody sees. */
export class TmuxTerminal implements AsyncDisposable {
  #socket: string;

  constructor(socket: string) {
    this.#socket = socket;
  }

  /** Starts one whose programs are in a directory, which is also where it is, and where its home is. */
  static async start(dir: TempDir): Promise<TmuxTerminal> {
    const terminal = new TmuxTerminal(dir.join("tmux"));
    const shown = {
      PATH: `${dir.path}:/usr/bin:/bin`,
      LANG: "C.UTF-8",
      TERM: "screen",
      PS1: "$ ",
      HISTFILE: "",
    };
    const variables = Object.entries({ ...await cleanEnvironment(dir.path), ...shown });
    const environment = variables.flatMap(([name, value]) => value === undefined ? [] : [`${name}=${value}`]);
    const shell = ["env", "-i", ...environment, "bash", "--norc"];
    const size = ["-x", `${SIZE.columns}`, "-y", `${SIZE.rows}`];
    await terminal.#tmux("-f", "/dev/null", "new-session", "-d", ...size, "-c", dir.path, ...shell);
    await terminal.waitFor(/^\$/m);
    return terminal;
  }

  /** Types a command. */
  async type(command: string): Promise<void> {
    await this.#tmux("send-keys", "-l", command);
    await this.press("Enter");
  }

  /** Empties the screen, once the shell waits for a command. */
  async clear(): Promise<void> {
    await this.waitFor(/^\$\s*$(?![^]*\S)/m);
    await this.type("clear");
    await this.waitFor(/^\$\s*$/);
  }

  /** Presses keys, in tmux's names for them. */
  async press(...keys: readonly string[]): Promise<void> {
    await this.#tmux("send-keys", ...keys);
  }

  /** Waits until the screen shows something, and gives what it shows. */
  async waitFor(pattern: RegExp): Promise<string> {
    const deadlineMs = Date.now() + TIMEOUT_MS;
    for (;;) {
      const screen = await this.#tmux("capture-pane", "-p");
      if (pattern.test(screen)) return screen;
      if (Date.now() > deadlineMs) throw new Error(`${pattern} does not come on this screen:\n${screen}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  /** Whether the cursor is shown. */
  async isCursorShown(): Promise<boolean> {
    return (await this.#tmux("display-message", "-p", "#{cursor_flag}")).trim() === "1";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tmux("kill-server");
  }

  async #tmux(...args: readonly string[]): Promise<string> {
    return await runCommand(["tmux", "-S", this.#socket, ...args]);
  }
}
