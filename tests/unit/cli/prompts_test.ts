import assert from "node:assert/strict";
import { createPrompts } from "../../../lib/cli/prompts.ts";

Deno.test("createPrompts() asks nothing once the user has stopped the program", async () => {
  const reason = new Error("stopped");
  const prompts = createPrompts({
    signal: AbortSignal.abort(reason),
    pause: () => assert.fail("must not take the terminal"),
  });
  const choices = [{ value: 1, label: "one" }];
  await assert.rejects(prompts.confirm("Sure?"), reason);
  await assert.rejects(prompts.text("Name"), reason);
  await assert.rejects(prompts.password("Password"), reason);
  await assert.rejects(prompts.select("Which?", choices), reason);
  await assert.rejects(prompts.selectSeveral("Which?", choices), reason);
});
