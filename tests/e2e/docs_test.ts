import assert from "node:assert/strict";
import { describeProgram } from "../../lib/cli/app.ts";
import { makePages } from "../../scripts/docs.ts";
import { documentedCommands } from "../../scripts/docs/command_pages.ts";
import { testWith } from "../support/real_parts.ts";
import { runCommand } from "../support/run_command.ts";
import { FakeHost } from "../unit/cli/fake_host.ts";

// Among the errors that are provoked is a full disk, which is mounted.
testWith(["mount"], 'the pages under docs/ are as "deno task docs" makes them', async () => {
  for (const [path, text] of await makePages()) {
    const committed = await Deno.readTextFile(new URL(`../../${path}`, import.meta.url));
    assert.equal(committed, text, `${path} is out of date: run "deno task docs"`);
  }
});

Deno.test("every command shows at least two examples of itself", () => {
  for (const { path, examples } of documentedCommands(describeProgram(new FakeHost()))) {
    const own = examples.filter((example) => example.includes(`docker-image-pusher ${path.join(" ")}`));
    assert(own.length >= 2, `${path.join(" ")}: ${examples.join("; ")}`);
  }
});

testWith(["mandoc"], "the manual pages have no errors", async () => {
  const folder = new URL("../../docs/man/", import.meta.url).pathname;
  for await (const { name } of Deno.readDir(folder)) {
    assert.equal(await runCommand(["mandoc", "-T", "lint", "-W", "error", folder + name]), "", name);
  }
});
