import assert from "node:assert/strict";
import { type GlobalOptions, runCommand, type Work } from "../../../lib/cli/command_runner.ts";
import type { CommandContext } from "../../../lib/commands/command_context.ts";
import { isPusherError, PusherError } from "../../../lib/errors.ts";
import { blob } from "../transfer/progress/progress_events.ts";
import { FakeHost, type FakeHostOptions } from "./fake_host.ts";

const OUTCOME = { report: { answer: 42 }, lines: ["one", "two"], summary: "Did it" };

async function contextOf(host: FakeHostOptions, options: GlobalOptions = {}): Promise<CommandContext> {
  const { promise, resolve } = Promise.withResolvers<CommandContext>();
  await runCommand((context) => (resolve(context), Promise.resolve(OUTCOME)), options, {
    host: new FakeHost(host),
    settings: { sources: [] },
  });
  return await promise;
}

/** Work that goes on until it is aborted, and then fails in its own way. */
function untilAborted(fail: (signal: AbortSignal) => unknown): Work {
  return ({ signal }) =>
    new Promise((_, reject) => {
      signal.addEventListener("abort", () => reject(fail(signal)), { once: true });
    });
}

Deno.test("runCommand() prints results to stdout and the summary to stderr", async () => {
  const host = new FakeHost();
  await runCommand(() => Promise.resolve(OUTCOME), {}, { host, settings: { sources: [] } });
  assert.equal(host.stdout.text, "one\ntwo\n");
  assert.equal(host.stderr.text, "Did it\n");
});

Deno.test("runCommand() prints exactly one document with --json", async () => {
  const host = new FakeHost();
  await runCommand(() => Promise.resolve(OUTCOME), { json: true }, { host, settings: { sources: [] } });
  assert.deepEqual(JSON.parse(host.stdout.text), { answer: 42 });
  assert.equal(host.stderr.text, "");
});

Deno.test("runCommand() prints no summary between the events of --progress json", async () => {
  const host = new FakeHost();
  await runCommand(() => Promise.resolve(OUTCOME), { progress: "json" }, { host, settings: { sources: [] } });
  assert.equal(host.stdout.text, "one\ntwo\n");
  assert.equal(host.stderr.text, "");
});

Deno.test("runCommand() keeps results and warnings with --quiet, but no progress, notice or summary", async () => {
  const host = new FakeHost({ isTerminal: true });
  const work: Work = ({ onEvent }) => {
    onEvent({ type: "notice", message: "hello" });
    onEvent({ type: "warning", message: "careful" });
    onEvent(blob("a", 1).start);
    return Promise.resolve(OUTCOME);
  };
  await runCommand(work, { quiet: true, progress: "tty" }, { host, settings: { sources: [] } });
  assert.equal(host.stdout.text, "one\ntwo\n");
  assert.equal(host.stderr.text, "warning: careful\n");
});

Deno.test("runCommand() prints the results before it throws what failed beside them", async () => {
  const host = new FakeHost();
  const error = new PusherError("PARTIAL", "Cannot", { detail: { failures: [], succeeded: 2 } });
  await assert.rejects(
    runCommand(() => Promise.resolve({ ...OUTCOME, error }), {}, { host, settings: { sources: [] } }),
    error,
  );
  assert.equal(host.stdout.text, "one\ntwo\n");
});

Deno.test("runCommand() throws CANCELED on a signal, whatever the work made of it", async () => {
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    for (const fail of [() => new TypeError("socket closed"), (signal: AbortSignal) => signal.reason]) {
      const host = new FakeHost();
      const running = runCommand(untilAborted(fail), {}, { host, settings: { sources: [] } });
      host.sendSignal(name);
      await assert.rejects(running, (error) => {
        return isPusherError(error, "CANCELED") && error.detail.signal === name;
      });
    }
  }
});

Deno.test("runCommand() puts the terminal in order at the first signal, before the work has ended", async () => {
  const host = new FakeHost({ isTerminal: true });
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const running = runCommand(
    async ({ onEvent }) => {
      onEvent(blob("a", 1).start);
      await ended;
      return OUTCOME;
    },
    {},
    { host, settings: { sources: [] } },
  );
  await host.clock.advance(200);
  assert(host.stderr.text.includes("\x1b[?25l"));
  assert(!host.stderr.text.includes("\x1b[?25h"));
  host.sendSignal("SIGINT");
  assert(host.stderr.text.includes("\x1b[?25h"));
  assert.equal(host.signalListeners, 0);
  end();
  await running;
});

Deno.test("runCommand() leaves the terminal to the shell while it is suspended", async () => {
  const host = new FakeHost({ isTerminal: true });
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const running = runCommand(
    async ({ onEvent }) => {
      onEvent(blob("a", 1).start);
      await ended;
      return OUTCOME;
    },
    {},
    { host, settings: { sources: [] } },
  );
  await host.clock.advance(200);
  {
    using _suspended = host.suspend();
    assert(host.stderr.text.includes("\x1b[?25h"));
    using again = host.suspend();
    assert(again);
    assert.equal(host.clock.pending, 0);
    host.stderr.text = "";
  }
  assert.equal(host.stderr.text, "\x1b[?25l");
  await host.clock.advance(200);
  end();
  await running;
  assert.equal(host.clock.pending, 0);
});

Deno.test("runCommand() shows the cursor again when the work fails", async () => {
  const host = new FakeHost({ isTerminal: true });
  const work: Work = ({ onEvent }) => {
    onEvent(blob("a", 1).start);
    return Promise.reject(new TypeError("x is undefined"));
  };
  await assert.rejects(runCommand(work, {}, { host, settings: { sources: [] } }), TypeError);
  assert(host.stderr.text.includes("\x1b[?25h"));
  assert.equal(host.clock.pending, 0);
  assert.equal(host.signalListeners, 0);
});

Deno.test("runCommand() ends the work with an error that nobody caught", async () => {
  const host = new FakeHost();
  const running = runCommand(untilAborted(() => new Error("aborted")), {}, {
    host,
    settings: { sources: [] },
  });
  const bug = new TypeError("x is undefined");
  host.throwUncaught(bug);
  await assert.rejects(running, bug);
});

Deno.test("runCommand() allows questions only where a person reads and types", async () => {
  assert((await contextOf({ isTerminal: true })).interaction);
  assert.equal((await contextOf({ isTerminal: false })).interaction, undefined);
  assert.equal((await contextOf({ isTerminal: true }, { progress: "json" })).interaction, undefined);
});

Deno.test("runCommand() traces requests with --debug or OCI_DEBUG=1", async () => {
  const work: Work = ({ onTrace }) => {
    onTrace?.("> GET /v2/\x1b");
    return Promise.resolve({ report: {}, lines: [] });
  };
  for (
    const [options, env, expected] of [
      [{ debug: true }, {}, "> GET /v2/\\u{1b}\n"],
      [{}, { OCI_DEBUG: "1" }, "> GET /v2/\\u{1b}\n"],
      [{}, { OCI_DEBUG: "0" }, ""],
      [{}, {}, ""],
    ] as const
  ) {
    const host = new FakeHost({ env });
    await runCommand(work, options, { host, settings: { sources: [] } });
    assert.equal(host.stderr.text, expected);
  }
});

Deno.test("runCommand() gives work the host's time, chance and environment", async () => {
  const context = await contextOf({ env: { A: "b" } });
  assert.equal(context.env("A"), "b");
  assert.equal(context.random(), 0.5);
  assert.equal(context.clock.now(), new FakeHost().clock.now());
});
