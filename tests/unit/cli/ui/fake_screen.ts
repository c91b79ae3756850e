// deno-lint-ignore-file no-control-regex
/** A terminal's screen: obeys the few escape sequences of the live view and refuses all others. */
export class FakeScreen {
  readonly columns: number;
  /** Whether the cursor is shown. */
  isCursorShown = true;
  /** Whether long lines go on in the next row. */
  isWrapping = true;
  #rows: string[] = [""];
  #row = 0;
  #column = 0;

  constructor(columns: number) {
    this.columns = columns;
  }

  /** What is on the screen, without colors and without empty rows at its end. */
  get text(): string {
    return this.#rows.map((row) => row.trimEnd()).join("\n").trimEnd();
  }

  write(text: string): void {
    for (const [piece] of text.matchAll(/\x1b\[[?\d]*[A-Za-z]|[\s\S]/gu)) this.#obey(piece);
  }

  #obey(piece: string): void {
    if (piece === "\n") return this.#moveTo(this.#row + 1, 0);
    if (piece === "\r") return this.#moveTo(this.#row, 0);
    if (!piece.startsWith("\x1b")) return this.#print(piece);
    if (piece.endsWith("m")) return;
    const up = /^\x1b\[(\d+)A$/.exec(piece);
    if (up) return this.#moveTo(Math.max(0, this.#row - Number(up[1])), this.#column);
    switch (piece) {
      case "\x1b[K":
        this.#rows[this.#row] = this.#rows[this.#row]!.slice(0, this.#column);
        return;
      case "\x1b[J":
        this.#rows.length = this.#row + 1;
        this.#rows[this.#row] = this.#rows[this.#row]!.slice(0, this.#column);
        return;
      case "\x1b[?25h":
      case "\x1b[?25l":
        this.isCursorShown = piece.endsWith("h");
        return;
      case "\x1b[?7h":
      case "\x1b[?7l":
        this.isWrapping = piece.endsWith("h");
        return;
      case "\x1b[?2026h":
      case "\x1b[?2026l":
        return;
      default:
        throw new Error(`unknown escape sequence ${JSON.stringify(piece)}`);
    }
  }

  #print(char: string): void {
    if (this.#column >= this.columns) {
      if (!this.isWrapping) return;
      this.#moveTo(this.#row + 1, 0);
    }
    const row = this.#rows[this.#row]!.padEnd(this.#column);
    this.#rows[this.#row] = row.slice(0, this.#column) + char + row.slice(this.#column + 1);
    this.#column++;
  }

  #moveTo(row: number, column: number): void {
    while (this.#rows.length <= row) this.#rows.push("");
    this.#row = row;
    this.#column = column;
  }
}
