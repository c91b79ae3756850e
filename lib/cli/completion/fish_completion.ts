import { type CompletionEntry, type CompletionOption, fillTemplate, spellings } from "./completion_table.ts";
import { ARCHIVE_ENDINGS, type Values } from "./value_source.ts";

const SCRIPT = `# fish completion for docker-image-pusher, made by: docker-image-pusher completions fish

# Whether the words so far lead to a command, and, if a number is given, to that of its arguments.
function __docker_image_pusher_at
    set -l path
    set -l waiting 0
    set -l count 0
    set -l words (commandline -opc)
    for word in $words[2..-1]
        if test $waiting = 1
            set waiting 0
            continue
        end
        switch "$path $word"
            case @COMMANDS@
                set path (string trim -- "$path $word")
                set count 0
            case @TAKING_VALUES@
                set waiting 1
            case '* -*'
            case '*'
                set count (math $count + 1)
        end
    end
    test "$path" = "$argv[1]"; and test (count $argv) -lt 2 -o "$argv[2]" = $count
end

function __docker_image_pusher_values
    for source in $argv
        switch $source
            case directories
                __fish_complete_directories (commandline -ct)
            case archives
                __fish_complete_suffix @ARCHIVES@
            case '*'
                docker-image-pusher __complete $source 2>/dev/null
        end
    end
end

complete -c docker-image-pusher -f
@LINES@
`;

/**
 * Writes the completion script for fish, from 3.1 on.
 *
 * @param entries What can be completed.
 * @returns A script for fish's directory of completions, or to be sourced.
 */
export function fishCompletion(entries: readonly CompletionEntry[]): string {
  const commands = entries.flatMap(({ path, commands }) =>
    commands.map(({ word }) => quoted(`${path} ${word}`))
  );
  const takers = entries.flatMap((entry) =>
    ownOptions(entry).filter(({ values }) => values).flatMap((option) =>
      spellings(option).map((word) => quoted(entry.path === "" ? `* ${word}` : `${entry.path} ${word}`))
    )
  );
  return fillTemplate(SCRIPT, {
    COMMANDS: commands.join(" "),
    TAKING_VALUES: takers.join(" "),
    ARCHIVES: ARCHIVE_ENDINGS.join(" "),
    LINES: entries.flatMap(linesOf).map((line) => `complete -c docker-image-pusher ${line}`).join("\n"),
  });
}

function linesOf(entry: CompletionEntry): string[] {
  const { path, commands, arguments: args } = entry;
  return [
    ...commands.map(({ word, description }) =>
      `${condition(path, 0)} -a ${quoted(word)} -d ${quoted(description)}`
    ),
    ...(commands.length > 0
      ? []
      : args.map(({ values, isVariadic }, at) =>
        `${condition(path, isVariadic ? undefined : at)}${valueFlags(values)}`
      )),
    ...ownOptions(entry).map((option) => optionLine(path, option)),
  ];
}

/** Options of the root are told once, for all commands. */
function ownOptions({ path, options }: CompletionEntry): CompletionOption[] {
  return options.filter(({ isGlobal }) => isGlobal === (path === ""));
}

function optionLine(path: string, { long, short, values, description }: CompletionOption): string {
  return [
    ...(path === "" ? [] : [condition(path)]),
    ...(short ? [`-s ${short.slice(1)}`] : []),
    `-l ${long.slice(2)}`,
    ...(values ? [values.sources.includes("files") ? "-r" : "-x"] : []),
  ].join(" ") + (values ? valueFlags(values) : "") + ` -d ${quoted(description)}`;
}

function condition(path: string, argument?: number): string {
  const position = argument === undefined ? "" : ` ${argument}`;
  return `-n ${quoted(`__docker_image_pusher_at ${quoted(path)}${position}`)}`;
}

function valueFlags({ sources, words }: Values): string {
  if (words.length > 0) return ` -a ${quoted(words.join(" "))}`;
  if (sources.includes("files")) return " -F";
  return sources.length > 0 ? ` -a ${quoted(`(__docker_image_pusher_values ${sources.join(" ")})`)}` : "";
}

/** In single quotes of fish, a backslash stands before quotes and itself. */
function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}
