import {
  type CompletionEntry,
  type CompletionOption,
  fillTemplate,
  singleQuoted,
  spellings,
} from "./completion_table.ts";
import { ARCHIVE_ENDINGS, type Values } from "./value_source.ts";

const SCRIPT = `#compdef docker-image-pusher
# zsh completion for docker-image-pusher, made by: docker-image-pusher completions zsh

@FUNCTIONS@

# Values from somewhere: files, or what the program knows.
_docker-image-pusher_values() {
  local source found=1
  local -a values expl
  for source; do
    case $source in
      files) _files && found=0 ;;
      directories) _files -/ && found=0 ;;
      archives) _files -g @ARCHIVES@ && found=0 ;;
      *)
        values=(\${(f)"$(docker-image-pusher __complete $source 2>/dev/null)"})
        _wanted $source expl $source compadd -a values && found=0
        ;;
    esac
  done
  return found
}

if [ "$funcstack[1]" = _docker-image-pusher ]; then
  _docker-image-pusher "$@"
else
  compdef _docker-image-pusher docker-image-pusher
fi
`;

/**
 * Writes the completion script for zsh.
 *
 * @param entries What can be completed.
 * @returns A script for a directory of \`$fpath\`, under the name `_docker-image-pusher`, or to be sourced.
 */
export function zshCompletion(entries: readonly CompletionEntry[]): string {
  const archives = `*.(${ARCHIVE_ENDINGS.map((ending) => ending.slice(1)).join("|")})`;
  return fillTemplate(SCRIPT, {
    FUNCTIONS: entries.map(functionOf).join("\n\n"),
    ARCHIVES: singleQuoted(archives),
  });
}

function functionOf({ path, commands, options, arguments: args }: CompletionEntry): string {
  const specs = options.flatMap(optionSpecs);
  const name = functionName(path);
  if (commands.length === 0) {
    const lines = [...specs, ...args.map(argumentSpec)].map((spec) => ` \\\n    ${singleQuoted(spec)}`);
    return `${name}() {\n  _arguments -S${lines.join("")}\n}`;
  }
  const lines = [...specs, "1: :->command", "*:: :->rest"].map((spec) => ` \\\n    ${singleQuoted(spec)}`);
  const words = commands.map(({ word, description }) =>
    `        ${singleQuoted(`${word}:${description.replaceAll(":", "\\:")}`)}`
  );
  const arms = commands.map(({ word }) => `        ${word}) ${functionName(`${path} ${word}`.trim())} ;;`);
  return `${name}() {
  local curcontext=$curcontext state line
  local -a commands
  _arguments -C -S${lines.join("")} && return 0
  case $state in
    command)
      commands=(
${words.join("\n")}
      )
      _describe command commands
      ;;
    rest)
      case $line[1] in
${arms.join("\n")}
      esac
      ;;
  esac
}`;
}

function functionName(path: string): string {
  return ["_docker-image-pusher", ...path.split(" ").filter((word) => word)].join("__");
}

/** One for each spelling. */
function optionSpecs(option: CompletionOption): string[] {
  const words = spellings(option);
  const others = option.isRepeatable ? "*" : words.length > 1 ? `(${words.join(" ")})` : "";
  const { values, value = "" } = option;
  return words.map((word) => {
    const joint = values === undefined ? "" : word.startsWith("--") ? "=" : "+";
    const action = values === undefined ? "" : `:${escaped(value)}:${actionOf(values)}`;
    return `${others}${word}${joint}[${escaped(option.description)}]${action}`;
  });
}

function argumentSpec({ name, values, isVariadic }: CompletionEntry["arguments"][number]): string {
  return `${isVariadic ? "*" : ""}:${escaped(name)}:${actionOf(values)}`;
}

function actionOf({ sources, words }: Values): string {
  if (words.length > 0) return `(${words.join(" ")})`;
  // With a blank in front, nothing is put between the function and its arguments.
  return sources.length > 0 ? ` _docker-image-pusher_values ${sources.join(" ")}` : " ";
}

function escaped(text: string): string {
  return text.replace(/[\\[\]:]/g, "\\$&");
}
