import assert from "node:assert/strict";
import { versionFaults } from "../../../scripts/release/check_version.ts";

const SOURCES = {
  config: '{"version": "1.2.3"}',
  module: '/** Version. */\nexport const VERSION = "1.2.3";\n',
  changelog: "# Changelog\n\n## [Unreleased]\n\n## [1.2.3] - 2026-01-01\n",
};

Deno.test("versionFaults() finds nothing where tag, files and changelog agree", () => {
  assert.deepEqual(versionFaults("v1.2.3", SOURCES), []);
});

Deno.test("versionFaults() names everything that differs", () => {
  assert.deepEqual(versionFaults("v1.2.4", SOURCES), [
    'the tag is "v1.2.4", but deno.json has version 1.2.3',
  ]);
  const config = '{"version": "1.2.4"}';
  assert.deepEqual(versionFaults("v1.2.4", { ...SOURCES, config }), [
    "lib/version.ts has version 1.2.3, but deno.json 1.2.4",
    "CHANGELOG.md has no section [1.2.4]",
  ]);
});
