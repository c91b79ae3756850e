import type { ActiveTransfer, ProgressView } from "../../transfer/progress/progress_model.ts";
import { printable } from "../../util/printable.ts";
import { type Paint, paint } from "./ansi.ts";
import { formatDone, formatDuration, formatPercent, formatRate, share, shortDigest } from "./measures.ts";

/** The room for a frame, and what the terminal can show. */
export interface FrameSize {
  /** Characters across. */
  columns: number;
  /** Lines of the terminal. */
  rows: number;
  /** Whether only ASCII is safe. */
  ascii: boolean;
  /** Whether colors are wanted. */
  color: boolean;
}

/** Widths that all lines of a frame share; 0 leaves the cell out. */
interface Layout extends FrameSize {
  gap: string;
  name: number;
  bar: number;
  amount: number;
  speed: number;
  attempt: number;
  target: number;
}

/** What a line says. */
interface Row {
  name: string;
  namePaint: Paint;
  doneBytes: number;
  sizeBytes: number | undefined;
  barPaint: Paint;
  amount: string;
  status: string;
  statusPaint: Paint;
  attempt: string;
  target: string;
}

const MAX_BAR_WIDTH = 40;
/** A shorter bar says nothing. */
const MIN_BAR_WIDTH = 8;
/** Of a short digest. */
const MIN_NAME_WIDTH = 12;
/** Of an image's name, where there is room. */
const MAX_NAME_WIDTH = 28;
/** `12.3/45.6 MiB`. */
const AMOUNT_WIDTH = 13;
/** `3d04h left`, or `try 2 in 12s`: what is shown of the speed where there is no room for all of it. */
const NARROW_SPEED_WIDTH = 12;
/** `12.3 MiB/s`. */
const RATE_WIDTH = 10;
/** `2m05s`, and one more for very long ones. */
const DURATION_WIDTH = 6;
/** `try 3`. */
const ATTEMPT_WIDTH = 5;
/** The line of counts, the total line, and the line the cursor is in. */
const OTHER_ROWS = 3;

/**
 * Draws progress: what is finished as counts, a line for each transfer under way as far as they fit, and a
 * total line, which is the last to go where there is no room. No line is as wide as the terminal, so none wraps.
 *
 * @param view Progress at one moment.
 * @param size The room.
 * @returns Lines without line ends; escape sequences only where `color` is set.
 *
 * @example One image, half saved
 * ```ts
 * import { drawFrame } from "./frame.ts";
 * import { ProgressModel } from "../../transfer/progress/progress_model.ts";
 * import assert from "node:assert/strict";
 *
 * const model = new ProgressModel();
 * const image = "app:1";
 * model.apply({ type: "save:ready", images: [image] }, 0);
 * model.apply({ type: "save:start", image, path: "app_1.tar", runtime: "docker", sizeBytes: 2048 }, 0);
 * model.apply({ type: "save:bytes", image, deltaBytes: 1024 }, 0);
 * const lines = drawFrame(model.view(1_000), { columns: 60, rows: 24, ascii: true, color: false });
 * assert.equal(lines[0], "app:1        #######------- 1.00/2.00 KiB 1.00 KiB/s     1s");
 * ```
 */
export function drawFrame(view: ProgressView, size: FrameSize): string[] {
  const shown = view.active.slice(0, Math.max(0, size.rows - OTHER_ROWS));
  const layout = arrange(shown, size);
  const counts = countsText(view, view.active.length - shown.length);
  const lines = [
    ...(counts === "" ? [] : [paint(counts.slice(0, size.columns - 1), "dim", size.color)]),
    ...shown.map((transfer) => rowText(transferRow(transfer, layout), layout)),
    rowText(totalRow(view, layout), layout),
  ];
  return lines.slice(Math.max(0, lines.length - size.rows + 1));
}

/** Deals out the width, most important cells first. */
function arrange(shown: readonly ActiveTransfer[], size: FrameSize): Layout {
  const isWide = size.columns >= 80;
  const gap = isWide ? "  " : " ";
  const longestName = Math.max(MIN_NAME_WIDTH, ...shown.map((transfer) => nameOf(transfer).length));
  const name = Math.min(longestName, isWide ? MAX_NAME_WIDTH : MIN_NAME_WIDTH, size.columns - 1);
  let room = size.columns - 1 - name;
  const take = (minWidth: number, maxWidth = minWidth): number => {
    if (room < gap.length + minWidth) return 0;
    const width = Math.min(maxWidth, room - gap.length);
    room -= gap.length + width;
    return width;
  };
  const amount = take(AMOUNT_WIDTH);
  const speed = take(RATE_WIDTH + gap.length + DURATION_WIDTH) || take(NARROW_SPEED_WIDTH);
  const attempt = shown.some(isRepeated) ? take(ATTEMPT_WIDTH) : 0;
  const bar = take(MIN_BAR_WIDTH, MAX_BAR_WIDTH);
  const targets = new Set(shown.map((transfer) => transfer.target));
  targets.delete("");
  const hasTargets = targets.size > 1;
  const target = hasTargets ? take(MIN_NAME_WIDTH, MAX_NAME_WIDTH) : 0;
  return { ...size, gap, name, bar, amount, speed, attempt, target };
}

function transferRow(transfer: ActiveTransfer, layout: Layout): Row {
  const { state, doneBytes, sizeBytes, attempt } = transfer;
  const isPaused = state === "retrying";
  return {
    name: nameOf(transfer),
    namePaint: "plain",
    doneBytes,
    sizeBytes,
    barPaint: isPaused ? "yellow" : "cyan",
    amount: state === "checking" ? formatDone(sizeBytes ?? 0, undefined) : formatDone(doneBytes, sizeBytes),
    status: statusText(transfer, layout),
    statusPaint: isPaused ? "yellow" : "plain",
    attempt: isRepeated(transfer) ? `try ${attempt}` : "",
    target: printable(transfer.target),
  };
}

function totalRow(view: ProgressView, layout: Layout): Row {
  const { doneBytes, totalBytes } = view;
  return {
    name: totalBytes === undefined ? "total" : `total ${formatPercent(doneBytes, totalBytes)}`,
    namePaint: "bold",
    doneBytes,
    sizeBytes: totalBytes,
    barPaint: "green",
    amount: formatDone(doneBytes, totalBytes),
    status: speedText(view, layout),
    statusPaint: "plain",
    attempt: "",
    target: "",
  };
}

function rowText(row: Row, layout: Layout): string {
  const cell = (text: string, width: number, color: Paint): string => {
    const cut = cutStart(text, width, layout);
    return paint(cut, color, layout.color) + " ".repeat(width - cut.length);
  };
  const cells = [
    cell(row.name, layout.name, row.namePaint),
    barText(row, layout),
    cell(row.amount.padStart(layout.amount), layout.amount, "plain"),
    cell(row.status, layout.speed, row.statusPaint),
    cell(row.attempt, layout.attempt, "yellow"),
    cell(row.target, layout.target, "dim"),
  ];
  return cells.filter((text) => text !== "").join(layout.gap).trimEnd();
}

function barText(row: Row, layout: Layout): string {
  const [full, empty] = layout.ascii ? ["#", "-"] as const : ["━", "─"] as const;
  const done = row.sizeBytes === undefined ? 0 : Math.floor(share(row.doneBytes, row.sizeBytes) * layout.bar);
  return paint(full.repeat(done), row.barPaint, layout.color) +
    paint(empty.repeat(layout.bar - done), "dim", layout.color);
}

function statusText(transfer: ActiveTransfer, layout: Layout): string {
  if (transfer.state === "checking") return "checking";
  if (transfer.state === "sending" || transfer.state === "compressing") return speedText(transfer, layout);
  return `try ${transfer.attempt} in ${formatDuration(transfer.remainingMs ?? 0)}`;
}

function speedText(
  speed: { rateBytesPerSecond: number; remainingMs: number | undefined },
  layout: Layout,
): string {
  const remaining = speed.remainingMs === undefined ? "" : formatDuration(speed.remainingMs);
  if (layout.speed === NARROW_SPEED_WIDTH) {
    return remaining === "" ? formatRate(speed.rateBytesPerSecond) : `${remaining} left`;
  }
  return formatRate(speed.rateBytesPerSecond).padStart(RATE_WIDTH) + layout.gap +
    remaining.padStart(DURATION_WIDTH);
}

function countsText(view: ProgressView, hidden: number): string {
  const parts: string[] = [];
  if (view.finished > 0) {
    parts.push(
      view.planned === undefined ? `${view.finished} done` : `${view.finished} of ${view.planned} done`,
    );
  }
  if (hidden > 0) parts.push(`${hidden} more under way`);
  if (view.existing > 0) parts.push(`${view.existing} already there`);
  if (view.mounted > 0) parts.push(`${view.mounted} mounted`);
  if (view.resumed > 0) parts.push(`${view.resumed} continued`);
  if (view.retries > 0) parts.push(view.retries === 1 ? "1 retry" : `${view.retries} retries`);
  if (view.tagged > 0) parts.push(`${view.tagged} of ${view.targets} tagged`);
  return parts.join(", ");
}

function nameOf({ name, state }: ActiveTransfer): string {
  return `${state === "compressing" ? "compress " : ""}${printable(shortDigest(name))}`;
}

/** Whether an earlier attempt failed; the pause before the next one says so itself. */
function isRepeated(transfer: ActiveTransfer): boolean {
  return transfer.attempt > 1 && transfer.state !== "retrying";
}

/** Cuts the beginning off: the end of a name tells more. */
function cutStart(text: string, width: number, { ascii }: Layout): string {
  const mark = ascii ? "~" : "…";
  return text.length <= width ? text : `${mark}${text.slice(text.length - width + 1)}`.slice(0, width);
}
