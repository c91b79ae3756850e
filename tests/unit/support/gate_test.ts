import assert from "node:assert/strict";
import { countTests } from "../../../scripts/gate.ts";

Deno.test("countTests() counts what passed, failed and was skipped", () => {
  const junit = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="4" failures="2" errors="0" time="0.010">
    <testsuite name="./a_test.ts" tests="4" disabled="1" errors="0" failures="2">
        <testcase name="good" classname="./a_test.ts" time="0.001" line="1" col="6">
        </testcase>
        <testcase name="with &lt;x&gt; &amp; &quot;y&quot; [skipped: no docker]" classname="./a_test.ts" time="0.000">
            <skipped/>
        </testcase>
        <testcase name="bad" classname="./a_test.ts" time="0.002" line="3" col="6">
            <failure message="1">&lt;skipped/&gt; is in the message</failure>
        </testcase>
        <testcase name="bad &gt; step" classname="./a_test.ts" time="0.001" line="4" col="6">
            <failure message="Uncaught Error: x">Error: x</failure>
        </testcase>
    </testsuite>
</testsuites>`;
  assert.deepEqual(countTests(junit), {
    passed: 1,
    failed: 2,
    skipped: ['with <x> & "y" [skipped: no docker]'],
  });
});

Deno.test("countTests() counts nothing in a report that was never written", () => {
  assert.deepEqual(countTests(""), { passed: 0, failed: 0, skipped: [] });
});
