import assert from "node:assert/strict";
import { readPassword } from "../../../lib/cli/read_password.ts";
import { isPusherError } from "../../../lib/errors.ts";
import type { TransferEvent } from "../../../lib/transfer/events.ts";
import { FakeHost } from "./fake_host.ts";

const isUsage = (error: unknown): boolean => isPusherError(error, "USAGE");

function read(
  options: { password?: string; passwordStdin?: boolean },
  host: FakeHost = new FakeHost(),
): { password: Promise<string | undefined>; events: TransferEvent[] } {
  const events: TransferEvent[] = [];
  return { password: readPassword(options, { host, onEvent: (event) => events.push(event) }), events };
}

Deno.test("readPassword() is undefined and silent when none is given", async () => {
  const { password, events } = read({});
  assert.equal(await password, undefined);
  assert.deepEqual(events, []);
});

Deno.test("readPassword() warns that --password is visible", async () => {
  const { password, events } = read({ password: "secret" });
  assert.equal(await password, "secret");
  assert.equal(events.length, 1);
  assert.equal(events[0]?.type, "warning");
  assert(!JSON.stringify(events).includes("secret"));
});

for (
  const [stdin, expected] of [
    ["secret\n", "secret"],
    ["secret\r\n", "secret"],
    ["secret", "secret"],
    ["two\nlines\n\n", "two\nlines\n"],
    [" spaces \n", " spaces "],
  ] as const
) {
  Deno.test(`readPassword() reads ${JSON.stringify(stdin)} as ${JSON.stringify(expected)}`, async () => {
    const { password, events } = read({ passwordStdin: true }, new FakeHost({ stdin }));
    assert.equal(await password, expected);
    assert.deepEqual(events, []);
  });
}

Deno.test("readPassword() refuses empty passwords", async () => {
  await assert.rejects(read({ passwordStdin: true }, new FakeHost({ stdin: "\n" })).password, isUsage);
  await assert.rejects(read({ passwordStdin: true }).password, isUsage);
  await assert.rejects(read({ password: "" }).password, isUsage);
});

Deno.test("readPassword() refuses input without end", async () => {
  const host = new FakeHost({ stdin: "x".repeat(100_000) });
  await assert.rejects(read({ passwordStdin: true }, host).password, isUsage);
});

Deno.test("readPassword() does not let a password be typed in the open", async () => {
  const host = new FakeHost({ stdin: "secret\n", isTerminal: true });
  await assert.rejects(read({ passwordStdin: true }, host).password, isUsage);
});
