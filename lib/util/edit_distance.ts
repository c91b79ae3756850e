/**
 * Levenshtein's distance: how many letters to insert, remove or replace to make one word of another.
 *
 * @param a A word.
 * @param b A word.
 * @returns 0 for the same word.
 */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (const [index, letter] of [...a].entries()) {
    const next = [index + 1];
    for (const [column, other] of [...b].entries()) {
      next.push(Math.min(next[column]! + 1, row[column + 1]! + 1, row[column]! + (letter === other ? 0 : 1)));
    }
    row = next;
  }
  return row.at(-1)!;
}

/**
 * Finds the word somebody may have meant.
 *
 * @param typed What they typed; what is far longer than any word is not compared.
 * @param words What there is.
 * @returns The closest, if no more than a third of it is different.
 *
 * @example Usage
 * ```ts
 * import { closestWord } from "./edit_distance.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(closestWord("tyt", ["auto", "tty", "plain"]), "tty");
 * assert.equal(closestWord("lxc", ["docker", "nerdctl", "podman"]), undefined);
 * ```
 */
export function closestWord(typed: string, words: readonly string[]): string | undefined {
  const tolerated = (word: string): number => Math.max(2, Math.ceil(word.length / 3));
  return words
    .filter((word) => Math.abs(word.length - typed.length) <= tolerated(word))
    .map((word) => ({ word, distance: editDistance(typed.toLowerCase(), word.toLowerCase()) }))
    .filter(({ word, distance }) => distance <= Math.min(tolerated(word), word.length - 1))
    .sort((a, b) => a.distance - b.distance)[0]?.word;
}
