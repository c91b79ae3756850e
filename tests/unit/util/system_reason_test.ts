import assert from "node:assert/strict";
import { isDiskFull, systemReason } from "../../../lib/util/system_reason.ts";

async function failure(work: () => Promise<unknown>): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return error;
  }
  assert.fail("it worked");
}

Deno.test("systemReason() keeps the system's words and drops path and number", async () => {
  const error = await failure(() => Deno.readFile("/no/such/file"));
  assert.equal(systemReason(error), "no such file or directory");
  assert.ok(!isDiskFull(error));
});

Deno.test("systemReason() drops the full stop that Windows puts before the number", () => {
  const error = new Error("The system cannot find the path specified. (os error 3): open 'C:\\a'");
  assert.equal(systemReason(error), "the system cannot find the path specified");
});

Deno.test("systemReason() passes other texts on, safe for a terminal", () => {
  assert.equal(systemReason(new Error("it is a \u001b[31mlink")), "it is a \\u{1b}[31mlink");
  assert.equal(systemReason("it is a directory"), "it is a directory");
  assert.equal(systemReason("Error: Too many open files (os error 24)"), "too many open files");
});

Deno.test("isDiskFull() knows a full disk and an exhausted quota", () => {
  assert.ok(isDiskFull(Object.assign(new Error(), { code: "ENOSPC" })));
  assert.ok(isDiskFull(Object.assign(new Error(), { code: "EDQUOT" })));
  assert.ok(!isDiskFull("ENOSPC"));
});
