import { Command, CommanderError, type CommandUnknownOpts, type Option } from "@commander-js/extra-typings";
import { PusherError } from "../../errors.ts";
import { closestWord } from "../../util/edit_distance.ts";
import { printable } from "../../util/printable.ts";
import { COMMIT, VERSION } from "../../version.ts";
import { helpTopics } from "./help_topics.ts";
import type { GlobalOptions, Work } from "../command_runner.ts";
import type { Host } from "../host.ts";
import { terminalStyle } from "../terminal_style.ts";
import { paint, visibleLength, visibleText } from "../ui/ansi.ts";
import { PROGRESS_STYLES } from "../ui/renderer.ts";

/** Help is no wider, however wide the terminal is. */
const MAX_HELP_COLUMNS = 80;

/** Heading for what every command takes. */
const GLOBAL_OPTIONS = "Global options:";

/** How the parser says that a value is not among those of an option or argument. */
const CHOICE_REGEXP =
  /^error: (?:option '(?:-\w, )?(--[\w-]+).*?' argument|command-argument value) '(.*)' is invalid(?: for argument '(.+)')?\. Allowed choices are (.+)\.$/s;

const EXAMPLES = `
Examples:
  $ docker-image-pusher login registry.example.com
  $ docker-image-pusher save nginx:latest
  $ docker-image-pusher push nginx_latest.tar --registry registry.example.com

${helpTopics()}`;

/**
 * Flags as the parser takes them: it takes no interfaces.
 *
 * @typeParam T Their interface.
 */
export type Flags<T> = Pick<T, keyof T>;

/** The root of the command tree. */
export type Program = Command<[], Flags<GlobalOptions>>;

/** What the definitions of commands build on. */
export interface CommandLine {
  /** The root they add themselves to. */
  program: Program;
  /** Streams and environment. */
  host: Host;
  /** What was typed, without the program's name. */
  args: readonly string[];
  /** Runs a command under the global options. */
  run: (work: Work, options: GlobalOptions) => Promise<void>;
}

/**
 * Creates the command tree without its commands: name, global options, and how help looks. No other module knows
 * the parser.
 *
 * @param host Where help goes.
 * @param args What was typed: with `--json` the version is an object.
 * @returns The root.
 */
export function createProgram(host: Host, args: readonly string[] = []): Program {
  const helpColumns = (): number => Math.min(host.terminalSize().columns, MAX_HELP_COLUMNS);
  return createRoot(args.includes("--json") ? versionJson(host) : VERSION)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => host.stdout.write(text),
      writeErr: (text) => host.stderr.write(text),
      // Errors come as exceptions, too, and are shown like all others.
      outputError: () => {},
      getOutHelpWidth: helpColumns,
      getErrHelpWidth: helpColumns,
      getOutHasColors: () => terminalStyle(host, host.stdout).color,
      getErrHasColors: () => terminalStyle(host, host.stderr).color,
      stripColor: visibleText,
    });
}

/**
 * Reads a command line and runs the command it names.
 *
 * @param program The command tree.
 * @param args Arguments, without the program's name.
 * @returns The exit code: 0, or 2 after help that nobody asked for.
 * @throws {PusherError} `USAGE` if the command line is wrong, and what the command throws.
 */
export async function parseProgram(program: Program, args: readonly string[]): Promise<number> {
  try {
    await program.parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return 0;
    if (error.code === "commander.help") return 2;
    throw usageError(error, program, args);
  }
}

function createRoot(version: string): Program {
  const root = new Command("docker-image-pusher");
  const help = root.createOption("-h, --help", "show help").helpGroup(GLOBAL_OPTIONS);
  return root
    .description("Moves container images between local archives and registries.")
    .optionsGroup(GLOBAL_OPTIONS)
    .option("--state-dir <dir>", "where logins and history are kept (env: DOCKER_IMAGE_PUSHER_STATE_DIR)")
    .option("--config <file>", "settings, instead of config.yaml in the state directory")
    .addOption(
      root.createOption("--progress <style>", "how progress is shown, auto by default").choices(
        PROGRESS_STYLES,
      ),
    )
    .option("--json", "print results and errors as JSON")
    .option("-q, --quiet", "no progress, no notices")
    .option("--debug", "trace requests and show stacks of errors (env: OCI_DEBUG=1)")
    .version(version, "-V, --version", "show the version")
    .addHelpOption(help)
    .optionsGroup("Connection options:")
    .option("--plain-http", "use HTTP without TLS")
    .option("--insecure-skip-tls-verify", "take any certificate of the registry")
    .option("--ca-file <file>", "PEM certificate of an authority to trust (repeatable)", collect)
    .option("--cert-file <file>", "PEM certificate to show the registry, with --key-file")
    .option("--key-file <file>", "PEM key of that certificate")
    .helpCommand("help [command]", "show help for a command")
    .configureHelp({
      minWidthToWrap: 20,
      // The parser's own way loads a module of the runtime, which takes longer than all the rest.
      displayWidth: visibleLength,
      visibleOptions: (command) => [...optionsFor(command), help],
      subcommandTerm: (command) => `${command.name()} ${command.usage()}`.replace(" [options]", ""),
      styleTitle: (title) => paint(title, "bold", true),
    })
    .addHelpText("after", EXAMPLES);
}

/** The command's own options, and those of all above it. */
function optionsFor(command: CommandUnknownOpts): Option[] {
  return [
    ...command.options.filter(({ hidden }) => !hidden),
    ...command.parent ? optionsFor(command.parent) : [],
  ];
}

function versionJson({ runtime }: Host): string {
  return JSON.stringify(
    { version: VERSION, commit: COMMIT || null, deno: runtime.version, target: runtime.target },
    null,
    2,
  );
}

/**
 * Parses an option that can be given several times.
 *
 * @param value What it is given this time.
 * @param previous What it was given before.
 * @returns All of it.
 */
export function collect(value: string, previous: string[] | undefined): string[] {
  return [...previous ?? [], value];
}

/**
 * Parses `--platform`, which can be given several times and may name several at once.
 *
 * @param text What it is given this time.
 * @param previous What it was given before.
 * @returns All of it.
 */
export function collectPlatforms(text: string, previous: string[] | undefined): string[] {
  return [...previous ?? [], ...text.split(",")];
}

/** The parser's message reads "error: unknown option '--x'", with a suggestion in a second line. */
function usageError(error: CommanderError, program: Program, args: readonly string[]): PusherError {
  const choice = CHOICE_REGEXP.exec(error.message);
  if (choice) return choiceError(choice);
  const [message = "", suggestion] = error.message.replace(/^error: /, "").split("\n");
  const help = ["docker-image-pusher", ...commandPath(program, args), "--help"].join(" ");
  return new PusherError("USAGE", message.replace(/\.$/, ""), {
    detail: {},
    hint: suggestion?.replace(/^\((.*)\)$/, "$1") ?? `Run "${help}" to see what it takes.`,
  });
}

/** The names that lead to the command that was meant. */
function commandPath(program: Program, args: readonly string[]): string[] {
  const names: string[] = [];
  let { commands }: { readonly commands: readonly CommandUnknownOpts[] } = program;
  for (const arg of args) {
    const command = commands.find((each) => each.name() === arg);
    if (!command) continue;
    names.push(arg);
    commands = command.commands;
  }
  return names;
}

function choiceError([, option, typed = "", argument, list = ""]: RegExpExecArray): PusherError {
  const what = option ?? `the ${argument}`;
  const meant = closestWord(typed, list.split(", "));
  return new PusherError("USAGE", `Cannot use ${what} "${printable(typed)}": it is not one of ${list}`, {
    detail: option === undefined ? {} : { option },
    hint: meant === undefined ? "Give one of these." : `Did you mean ${meant}?`,
  });
}
