import assert from "node:assert/strict";
import { readBenchOptions } from "../../../scripts/bench/bench_options.ts";

const MIB = 2 ** 20;
const GROUPS = ["push", "pull", "serve"];

Deno.test("readBenchOptions() measures all groups when nothing is said", () => {
  assert.deepEqual(readBenchOptions([], GROUPS), { only: GROUPS, sizeBytes: 510 * MIB, runs: 3 });
});

Deno.test("readBenchOptions() takes groups with commas or one by one, and rounds sizes to whole layers", () => {
  const args = [
    "--only",
    "serve,push",
    "--only",
    "pull",
    "--size",
    "100MiB",
    "--runs",
    "5",
    "--large",
    "2GiB",
  ];
  assert.deepEqual(readBenchOptions(args, GROUPS), {
    only: ["serve", "push", "pull"],
    sizeBytes: 102 * MIB,
    runs: 5,
    largeBytes: 2046 * MIB,
  });
});

Deno.test("readBenchOptions() refuses what it does not understand, with the usage and the groups", () => {
  const wrong = [
    ["--only", "pusch"],
    ["--only", ""],
    ["--size", "1MiB"],
    ["--size", "much"],
    ["--runs", "0"],
    ["--runs", "1.5"],
    ["--large", "0"],
    ["--fast"],
    ["push"],
  ];
  for (const args of wrong) {
    assert.throws(
      () => readBenchOptions(args, GROUPS),
      /^Error: Usage: deno task bench .*\nGroups: push, pull, serve\./,
      args.join(" "),
    );
  }
});
