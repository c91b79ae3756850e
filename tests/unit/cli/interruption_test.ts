import assert from "node:assert/strict";
import { listenForInterruption } from "../../../lib/cli/interruption.ts";
import { isPusherError } from "../../../lib/errors.ts";
import { FakeHost } from "./fake_host.ts";

for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  Deno.test(`listenForInterruption() aborts with CANCELED on ${name}`, () => {
    const host = new FakeHost();
    using interruption = listenForInterruption(host);
    host.sendSignal(name);
    const { aborted, reason } = interruption.signal;
    assert(aborted);
    assert(isPusherError(reason, "CANCELED"));
    assert.deepEqual(reason.detail, { signal: name });
  });
}

Deno.test("listenForInterruption() leaves the second signal to end the process", () => {
  const host = new FakeHost();
  using _interruption = listenForInterruption(host);
  assert.equal(host.signalListeners, 1);
  host.sendSignal("SIGINT");
  assert.equal(host.signalListeners, 0);
});

Deno.test("listenForInterruption() aborts with an error that nobody caught", () => {
  const host = new FakeHost();
  using interruption = listenForInterruption(host);
  const bug = new TypeError("x is undefined");
  host.throwUncaught(bug);
  assert.equal(interruption.signal.reason, bug);
});

Deno.test("listenForInterruption() stops listening when disposed", () => {
  const host = new FakeHost();
  const interruption = listenForInterruption(host);
  interruption[Symbol.dispose]();
  host.throwUncaught(new Error("late"));
  assert.equal(host.signalListeners, 0);
  assert.equal(interruption.signal.aborted, false);
});
