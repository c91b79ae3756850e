import type { Host } from "../host.ts";
import { terminalStyle } from "../terminal_style.ts";
import { createJsonRenderer } from "./json_renderer.ts";
import { PlainRenderer } from "./plain_renderer.ts";
import { createQuietRenderer } from "./quiet_renderer.ts";
import type { ProgressStyle, Renderer } from "./renderer.ts";
import { TtyRenderer } from "./tty_renderer.ts";

/** What the user asked to see. */
export interface RendererOptions {
  /**
   * How to show progress.
   *
   * @default {"auto"}
   */
  progress?: ProgressStyle | undefined;
  /**
   * Whether to show warnings only.
   *
   * @default {false}
   */
  quiet?: boolean | undefined;
  /**
   * Whether the result is for a program. Unless somebody watches, standard error is left to warnings and the error then.
   *
   * @default {false}
   */
  json?: boolean | undefined;
}

/**
 * Picks how events are shown.
 *
 * @param host Terminal, environment and time.
 * @param options What the user asked for.
 * @returns The renderer, to be disposed.
 */
export function createRenderer(host: Host, options: RendererOptions = {}): Renderer {
  const { progress = "auto", quiet = false, json = false } = options;
  const isUnwatched = json && progress === "auto" && automaticStyle(host) === "plain";
  if (quiet || isUnwatched) return createQuietRenderer(host.stderr, { notices: false });
  switch (progress === "auto" ? automaticStyle(host) : progress) {
    case "tty":
      return new TtyRenderer(host, terminalStyle(host, host.stderr));
    case "plain":
      return new PlainRenderer(host.stderr, host.clock);
    case "json":
      return createJsonRenderer(host.stderr);
    case "none":
      return createQuietRenderer(host.stderr, { notices: true });
  }
}

function automaticStyle(host: Host): "tty" | "plain" {
  const isLive = host.stderr.isTerminal && host.env("TERM") !== "dumb" && !host.env("CI");
  return isLive ? "tty" : "plain";
}
