import type { TransferEvent } from "../../transfer/events.ts";
import { ProgressModel } from "../../transfer/progress/progress_model.ts";
import { printable } from "../../util/printable.ts";
import type { Host } from "../host.ts";
import type { TerminalStyle } from "../terminal_style.ts";
import {
  BEGIN_FRAME,
  CLEAR_DOWN,
  CLEAR_LINE,
  cursorUp,
  CUT_LINES,
  END_FRAME,
  HIDE_CURSOR,
  SHOW_CURSOR,
  visibleLength,
  WRAP_LINES,
} from "./ansi.ts";
import { drawFrame } from "./frame.ts";
import { messageText, retryText } from "./message_text.ts";
import type { Renderer } from "./renderer.ts";

/** Ten frames a second. */
const FRAME_MS = 100;

/** Draws a live region at the bottom of a terminal; messages scroll by above it. */
export class TtyRenderer implements Renderer {
  #host: Pick<Host, "stderr" | "clock" | "terminalSize">;
  #style: TerminalStyle;
  #model = new ProgressModel();
  /** What is on the screen, to know how many rows to take back. */
  #drawn: readonly string[] = [];
  /** Why something was tried again last. */
  #toldReason: string | undefined;
  /** Present while frames are due. */
  #timer: Disposable | undefined;
  /** `idle` until there is something to draw. */
  #state: "idle" | "live" | "paused" | "ended" = "idle";

  /**
   * Starts with nothing on the screen.
   *
   * @param host The terminal and time.
   * @param style What the terminal can show.
   */
  constructor(host: Pick<Host, "stderr" | "clock" | "terminalSize">, style: TerminalStyle) {
    this.#host = host;
    this.#style = style;
  }

  /**
   * Takes an event in.
   *
   * @param event What happened.
   */
  readonly onEvent = (event: TransferEvent): void => {
    const text = messageText(event, this.#style);
    if (text !== undefined) return this.print(text);
    if (event.type === "blob:retry" || event.type === "request:retry") this.#tellReason(event);
    this.#model.apply(event, this.#host.clock.now());
    // There is nothing to draw yet, and often a question comes first.
    const isEarly = event.type === "archive:ready" || event.type === "request:retry";
    if (this.#state === "idle" && !isEarly) this.#goLive();
  };

  /** Bars show that something is tried again, but not why; one reason often stops all that is under way. */
  #tellReason(event: Extract<TransferEvent, { type: "blob:retry" | "request:retry" }>): void {
    if (event.reason === this.#toldReason) return;
    this.#toldReason = event.reason;
    this.print(`${printable(event.target)}: ${retryText(event)}`);
  }

  /**
   * Shows a line above the live region.
   *
   * @param line Printable text without a line end.
   */
  print(line: string): void {
    this.#replace(`${line}${CLEAR_LINE}\n`, this.#drawn);
  }

  /**
   * Takes the live region away while a question is asked, or somebody else has the terminal.
   *
   * @returns Brings it back when disposed; `undefined` if it is away already.
   */
  pause(): Disposable | undefined {
    if (this.#state === "paused" || this.#state === "ended") return undefined;
    const wasLive = this.#state === "live";
    if (wasLive) this.#leave();
    this.#state = "paused";
    return {
      [Symbol.dispose]: () => {
        if (this.#state !== "paused") return;
        if (wasLive) this.#goLive();
        else this.#state = "idle";
      },
    };
  }

  /** Takes the live region away for good and shows the cursor again. */
  [Symbol.dispose](): void {
    if (this.#state === "live") this.#leave();
    this.#state = "ended";
  }

  #goLive(): void {
    this.#state = "live";
    this.#host.stderr.write(HIDE_CURSOR);
    this.#timer = this.#nextFrame();
  }

  #leave(): void {
    this.#timer?.[Symbol.dispose]();
    this.#replace(SHOW_CURSOR, []);
  }

  #nextFrame(): Disposable {
    const { clock, terminalSize } = this.#host;
    return clock.timer(FRAME_MS, () => {
      const lines = drawFrame(this.#model.view(clock.now()), { ...terminalSize(), ...this.#style });
      this.#replace("", lines);
      this.#timer = this.#nextFrame();
    });
  }

  /**
   * Writes text where the live region began, then the region: in one write and over what is there, so that nothing
   * flickers. Lines are cut at the edge because a terminal may be narrower than it has told us yet.
   */
  #replace(text: string, lines: readonly string[]): void {
    const region = lines.map((line) => `${line}${CLEAR_LINE}\n`).join("");
    this.#host.stderr.write(
      `${BEGIN_FRAME}${this.#toStart()}${text}${CUT_LINES}${region}${WRAP_LINES}${CLEAR_DOWN}${END_FRAME}`,
    );
    this.#drawn = lines;
  }

  /** Terminals that became narrower have wrapped what was drawn for more columns. */
  #toStart(): string {
    const { columns } = this.#host.terminalSize();
    const rows = this.#drawn.map((line) => Math.max(1, Math.ceil(visibleLength(line) / columns)));
    return cursorUp(rows.reduce((sum, count) => sum + count, 0));
  }
}
