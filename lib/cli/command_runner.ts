import type { CommandContext } from "../commands/command_context.ts";
import type { Config } from "../commands/read_config.ts";
import { isPusherError } from "../errors.ts";
import { printable } from "../util/printable.ts";
import { jsonText } from "./view/error_view.ts";
import type { Host } from "./host.ts";
import { listenForInterruption } from "./interruption.ts";
import type { NetworkFlags } from "./tree/network_flags.ts";
import { createPrompts } from "./prompts.ts";
import { createRenderer } from "./ui/create_renderer.ts";
import type { ProgressStyle } from "./ui/renderer.ts";

/** Options every command has. */
export interface GlobalOptions extends NetworkFlags {
  /** Where logins and history are. */
  stateDir?: string | undefined;
  /** Where the configuration file is. */
  config?: string | undefined;
  /** How progress is shown. */
  progress?: ProgressStyle | undefined;
  /** Whether results and errors are JSON. */
  json?: boolean | undefined;
  /** Whether to show results, warnings and errors only. */
  quiet?: boolean | undefined;
  /** Whether to trace requests and show stacks. */
  debug?: boolean | undefined;
}

/** What the user's configuration file says. */
export interface Settings {
  /** The file, if there is one. */
  config?: Config | undefined;
  /** Where flags have their values from, one line for each. */
  sources: readonly string[];
}

/** Everything around a command. */
export interface Surroundings {
  /** Streams, signals and time. */
  host: Host;
  /** The configuration. */
  settings: Settings;
}

/** What a command has to show for itself. */
export interface Outcome {
  /** The one document of `--json`. */
  report: unknown;
  /** The results, for standard output. */
  lines: readonly string[];
  /** What was done in one line, for standard error. */
  summary?: string;
  /** The result as it is, instead of lines. */
  content?: Uint8Array | undefined;
  /** What went wrong beside the results. */
  error?: Error | undefined;
}

/** Runs a command in a context. */
export type Work = (context: CommandContext) => Promise<Outcome>;

/**
 * Runs a command with everything it needs from the terminal, and prints what came of it: results on standard
 * output, everything else on standard error.
 *
 * @param work The command.
 * @param options Global options.
 * @param surroundings The process, and the configuration.
 * @throws What the command throws, with the terminal as it was; `CANCELED` once the user stopped it.
 */
export async function runCommand(
  work: Work,
  options: GlobalOptions,
  surroundings: Surroundings,
): Promise<void> {
  const { host } = surroundings;
  const outcome = await perform(work, options, surroundings);
  const { report, lines, summary, content, error } = outcome;
  if (content) await host.stdout.writeBytes(content);
  else host.stdout.write(options.json ? jsonText(report, host) : lines.map((line) => `${line}\n`).join(""));
  const isForPeople = !options.json && !options.quiet && options.progress !== "json";
  if (summary !== undefined && isForPeople) host.stderr.write(`${summary}\n`);
  if (error) throw error;
}

async function perform(
  work: Work,
  options: GlobalOptions,
  { host, settings: { config, sources } }: Surroundings,
): Promise<Outcome> {
  using interruption = listenForInterruption(host);
  using renderer = createRenderer(host, options);
  using _suspension = host.stderr.isTerminal ? host.onSuspension(() => renderer.pause()) : undefined;
  const { signal } = interruption;
  // The second signal ends the process without another word, so the terminal is put in order at the first.
  signal.addEventListener("abort", () => renderer[Symbol.dispose](), { once: true });
  const isTraced = options.debug || host.env("OCI_DEBUG") === "1";
  const isConversation = host.stdin.isTerminal && host.stderr.isTerminal && options.progress !== "json";
  const context: CommandContext = {
    config,
    signal,
    clock: host.clock,
    random: () => host.random(),
    env: (name) => host.env(name),
    onEvent: renderer.onEvent,
    onTrace: isTraced ? (line) => renderer.print(printable(line)) : undefined,
    output: host.stdout.isTerminal ? undefined : { write: (bytes) => host.stdout.writeBytes(bytes) },
    input: host.stdin.isTerminal ? undefined : host.stdin,
    interaction: isConversation ? createPrompts({ signal, pause: () => renderer.pause() }) : undefined,
  };
  for (const source of sources) context.onTrace?.(`setting ${source}`);
  try {
    return await work(context);
  } catch (error) {
    throw signal.aborted && !isPusherError(error, "CANCELED") ? signal.reason : error;
  }
}
