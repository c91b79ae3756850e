import { type CompletionEntry, fillTemplate, spellings } from "./completion_table.ts";
import { ARCHIVE_ENDINGS, type Values } from "./value_source.ts";

const SCRIPT =
  `# PowerShell completion for docker-image-pusher, made by: docker-image-pusher completions powershell

Register-ArgumentCompleter -Native -CommandName 'docker-image-pusher' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commands = @{
@COMMANDS@
    }
    $options = @{
@OPTIONS@
    }
    $values = @{
@VALUES@
    }
    $arguments = @{
@ARGUMENTS@
    }

    # Which command it is, how many arguments it has, and whether an option waits for its value.
    $path = ''
    $waiting = ''
    $count = 0
    $typed = $commandAst.CommandElements | Select-Object -Skip 1 |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { $_.Extent.Text }
    foreach ($word in $typed) {
        $next = "$path $word".Trim()
        if ($waiting) {
            $waiting = ''
        } elseif ($options.ContainsKey($next)) {
            $path = $next
            $count = 0
        } elseif ($values.ContainsKey("$path $word")) {
            $waiting = $word
        } elseif (-not $word.StartsWith('-')) {
            $count++
        }
    }

    $head = ''
    $value = $wordToComplete
    if (-not $waiting -and $wordToComplete -match '^(--[a-z-]+)=(.*)$') {
        $waiting = $Matches[1]
        $head = "$waiting="
        $value = $Matches[2]
    }
    $found = if ($waiting) { $values["$path $waiting"] }
        elseif ($wordToComplete.StartsWith('-')) { $options[$path] }
        elseif ($commands[$path]) { if ($count -eq 0) { $commands[$path] } }
        elseif ($arguments.ContainsKey("$path $count")) { $arguments["$path $count"] }
        else { $arguments["$path *"] }

    foreach ($each in $found) {
        $words = switch ($each[0]) {
            '<files>' { return }
            '<directories>' { Get-ChildItem -Directory -Path "$value*" | ForEach-Object { Resolve-Path -Relative $_ } }
            '<archives>' {
                Get-ChildItem -Path "$value*" |
                    Where-Object { $_.PSIsContainer -or $_.Name -match '@ARCHIVES@' } |
                    ForEach-Object { Resolve-Path -Relative $_ }
            }
            { $_ -match '^<(images|registries|targets)>$' } {
                docker-image-pusher __complete $_.Trim('<', '>') 2>$null | Where-Object { $_.StartsWith($value) }
            }
            default { $_ | Where-Object { $_.StartsWith($value) } }
        }
        foreach ($word in $words) {
            $text = if ($word -match '[\\s''"]') { "'" + $word.Replace("'", "''") + "'" } else { $word }
            [System.Management.Automation.CompletionResult]::new("$head$text", $word, 'ParameterValue', $each[1])
        }
    }
}
`;

/**
 * Writes the completion script for PowerShell, from 5 on.
 *
 * @param entries What can be completed.
 * @returns A script to be run in a profile.
 */
export function powershellCompletion(entries: readonly CompletionEntry[]): string {
  return fillTemplate(SCRIPT, {
    COMMANDS: table(
      entries.filter(({ commands }) => commands.length > 0).map(({ path, commands }) => [
        path,
        commands.map(({ word, description }) => [word, description]),
      ]),
    ),
    OPTIONS: table(entries.map(({ path, options }) => [
      path,
      options.flatMap((option) => spellings(option).map((word) => [word, option.description])),
    ])),
    VALUES: table(
      entries.flatMap(({ path, options }) =>
        options.flatMap((option): Row[] =>
          option.values
            ? spellings(option).map((
              word,
            ) => [`${path} ${word}`, pairsOf(option.values!, option.description)])
            : []
        )
      ),
    ),
    ARGUMENTS: table(
      entries.flatMap(({ path, arguments: args }) =>
        args.map(({ name, values, isVariadic }, at): Row => [
          `${path} ${isVariadic ? "*" : at}`,
          pairsOf(values, name),
        ])
      ),
    ),
    ARCHIVES: `(${ARCHIVE_ENDINGS.map((ending) => ending.replaceAll(".", "\\.")).join("|")})$`,
  });
}

type Pair = readonly [word: string, description: string];
type Row = readonly [key: string, pairs: readonly Pair[]];

function pairsOf({ sources, words }: Values, description: string): Pair[] {
  return [...words, ...sources.map((source) => `<${source}>`)].map((word) => [word, description]);
}

/** A comma in front keeps a list of one list from becoming one list. */
function table(rows: readonly Row[]): string {
  return rows.map(([key, pairs]) => {
    const items = pairs.map(([word, description]) => `,@(${quoted(word)}, ${quoted(description)})`);
    return `        ${quoted(key)} = @(${items.join("; ")})`;
  }).join("\n");
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
