import {
  type CompletionEntry,
  type CompletionOption,
  fillTemplate,
  singleQuoted,
  spellings,
} from "./completion_table.ts";
import { ARCHIVE_ENDINGS, type Values } from "./value_source.ts";

/** `case` takes patterns in the order they are written: commands, then options, then everything else. */
const SCRIPT = `# bash completion for docker-image-pusher, made by: docker-image-pusher completions bash

_docker_image_pusher() {
  COMPREPLY=()
  local word current path="" waiting="" over="" count=0 last i
  local -a typed=()
  # Bash splits words at : and =, which are parts of names and options here.
  for ((i = 1; i <= COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    last=$((\${#typed[@]} - 1))
    if ((last >= 0)) && [[ $word == [:=]* || \${typed[last]} == *[:=] ]]; then
      typed[last]+=$word
    else
      typed+=("$word")
    fi
  done
  last=$((\${#typed[@]} - 1))
  ((last >= 0)) || return 0
  current=\${typed[last]}

  # Which command it is, how many arguments it has, and whether an option waits for its value.
  for ((i = 0; i < last; i++)); do
    word=\${typed[i]}
    if [[ -n $waiting ]]; then
      waiting=""
    elif [[ -n $over ]]; then
      count=$((count + 1))
    else
      case "$path $word" in
        @COMMANDS@)
          path=\${path:+$path }$word
          count=0
          ;;
        *' --') over=1 ;;
        @TAKING_VALUES@) waiting=$word ;;
        *' -'?*) ;;
        *) count=$((count + 1)) ;;
      esac
    fi
  done

  # What may stand here: words, or values from somewhere.
  local head="" sources="" words=""
  if [[ -z $waiting && -z $over && $current == --*=* ]]; then
    waiting=\${current%%=*}
    head=$waiting=
  fi
  if [[ -n $waiting ]]; then
    case "$path $waiting" in
@OPTION_VALUES@
    esac
  elif [[ -z $over && $current == -* ]]; then
    case "$path" in
@OPTIONS@
    esac
  else
    case "$path $count" in
@ARGUMENT_VALUES@
    esac
  fi

  # What readline takes for words before this one is not to be repeated.
  local value=\${current#"$head"} breaks="" before=""
  [[ $COMP_WORDBREAKS == *:* ]] && breaks=:
  [[ $COMP_WORDBREAKS == *=* ]] && breaks+==
  [[ -n $breaks ]] && before=\${current%"\${current##*[$breaks]}"}
  compopt +o default 2>/dev/null
  case " $sources " in
    *' files '*) compopt -o default -o filenames 2>/dev/null ;;
    *' directories '* | *' archives '*)
      compopt -o filenames 2>/dev/null
      while IFS= read -r word; do
        COMPREPLY+=("$word")
      done < <(compgen -d -- "\${value//\\\\/}")
      ;;
  esac
  case " $sources " in
    *' archives '*)
      while IFS= read -r word; do
        [[ -d $word ]] || case $word in @ARCHIVES@) COMPREPLY+=("$word") ;; esac
      done < <(compgen -f -- "\${value//\\\\/}")
      ;;
  esac
  for word in $words; do
    _docker_image_pusher_offer "$word"
  done
  for i in images registries targets; do
    [[ " $sources " == *" $i "* ]] || continue
    while IFS= read -r word; do
      _docker_image_pusher_offer "$word"
    done < <(docker-image-pusher __complete "$i" 2>/dev/null)
  done
}

# Names come from outside: they are compared, and never expanded.
_docker_image_pusher_offer() {
  [[ $1 == "$value"* ]] || return 0
  local full=$head$1
  COMPREPLY+=("\${full#"$before"}")
}

complete -o default -F _docker_image_pusher docker-image-pusher
`;

/**
 * Writes the completion script for bash, from 3.2 on, with or without the package bash-completion.
 *
 * @param entries What can be completed.
 * @returns A script to be sourced.
 */
export function bashCompletion(entries: readonly CompletionEntry[]): string {
  const commands = entries.flatMap(({ path, commands }) =>
    commands.map(({ word }) => singleQuoted(`${path} ${word}`))
  );
  const takers = entries.flatMap((entry) =>
    ownOptions(entry).flatMap(({ values, ...option }) =>
      values ? [{ patterns: patternsOf(entry.path, option), values }] : []
    )
  );
  return fillTemplate(SCRIPT, {
    COMMANDS: commands.join(" | "),
    TAKING_VALUES: takers.flatMap(({ patterns }) => patterns).join(" | "),
    OPTION_VALUES: arms(
      takers.filter(({ values: { sources, words } }) => sources.length + words.length > 0)
        .map(({ patterns, values }) => [patterns.join(" | "), assignments(values)]),
    ),
    OPTIONS: arms(entries.map(({ path, options }) => [
      singleQuoted(path),
      `words=${singleQuoted(options.flatMap(spellings).join(" "))}`,
    ])),
    ARGUMENT_VALUES: arms(entries.flatMap(argumentArms)),
    ARCHIVES: ARCHIVE_ENDINGS.map((ending) => `*${ending}`).join(" | "),
  });
}

type Arm = readonly [pattern: string, command: string];

/** Options of the root are told once, for all commands. */
function ownOptions({ path, options }: CompletionEntry): CompletionOption[] {
  return options.filter(({ isGlobal }) => isGlobal === (path === ""));
}

function patternsOf(path: string, option: Pick<CompletionOption, "short" | "long">): string[] {
  return spellings(option).map((word) =>
    path === "" ? `*${singleQuoted(` ${word}`)}` : singleQuoted(`${path} ${word}`)
  );
}

function argumentArms({ path, commands, arguments: args }: CompletionEntry): Arm[] {
  if (commands.length > 0) {
    return [[singleQuoted(`${path} 0`), `words=${singleQuoted(commands.map(({ word }) => word).join(" "))}`]];
  }
  return args.map(({ values, isVariadic }, at) => [
    isVariadic ? `${singleQuoted(`${path} `)}*` : singleQuoted(`${path} ${at}`),
    assignments(values),
  ]);
}

function assignments({ sources, words }: Values): string {
  return `sources=${singleQuoted(sources.join(" "))} words=${singleQuoted(words.join(" "))}`;
}

function arms(lines: readonly Arm[]): string {
  return lines.map(([pattern, command]) => `      ${pattern}) ${command} ;;`).join("\n");
}
