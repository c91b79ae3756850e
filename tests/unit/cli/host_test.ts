import assert from "node:assert/strict";
import { denoHost } from "../../../lib/cli/host.ts";

const SCRIPT = new URL("run_host.ts", import.meta.url);

function start(...args: string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-lock", SCRIPT.href, ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

Deno.test({
  name: "denoHost() lets a second signal end a process that does not heed the first",
  ignore: Deno.build.os === "windows",
  async fn() {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      await using process = start("ignore-abort");
      await process.stdin.close();
      await process.stderr.cancel();
      const lines = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
      assert.equal((await lines.read()).value, "ready\n");
      process.kill(signal);
      assert.equal((await lines.read()).value, "aborted\n");
      process.kill(signal);
      assert.equal((await process.status).signal, signal);
      await lines.cancel();
    }
  },
});

Deno.test("denoHost() writes everything, however slowly it is read", async () => {
  await using process = start("write-much");
  await process.stdin.close();
  const { stdout, stderr, code } = await process.output();
  assert.equal(stdout.length, 1_000_000);
  assert.equal(new TextDecoder().decode(stderr), "done\n");
  assert.equal(code, 0);
});

Deno.test("denoHost() is quiet when nobody reads the results any more", async () => {
  await using process = start("write-much");
  await process.stdin.close();
  await process.stdout.cancel();
  assert.equal(await new Response(process.stderr).text(), "done\n");
  assert.equal((await process.status).code, 0);
});

Deno.test({
  name: "denoHost() says that results cannot be written, and goes on without a view",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const toFull = (redirection: string): Promise<Deno.CommandOutput> =>
      new Deno.Command("sh", {
        args: ["-c", `"$0" run -A --no-lock "$1" write-much ${redirection}`, Deno.execPath(), SCRIPT.href],
      }).output();
    const results = await toFull(">/dev/full");
    assert.match(
      new TextDecoder().decode(results.stderr),
      /Cannot write the results: no space left on device/,
    );
    assert.notEqual(results.code, 0);
    const view = await toFull("2>/dev/full");
    assert.equal(view.stdout.length, 1_000_000);
    assert.equal(view.code, 0);
  },
});

Deno.test("denoHost() reads standard input to its end or limit", async () => {
  for (const [limit, expected] of [["100", "grüße\n"], ["2", "gr"]] as const) {
    await using process = start("read-stdin", limit);
    await process.stderr.cancel();
    const input = process.stdin.getWriter();
    await input.write(new TextEncoder().encode("grüße\n"));
    await input.close().catch(() => {});
    assert.equal(await new Response(process.stdout).text(), expected);
  }
});

Deno.test("denoHost() hands over errors that nobody caught", async () => {
  for (const how of ["throw", "reject"]) {
    await using process = start("uncaught", how);
    await process.stdin.close();
    const { stdout, stderr, code } = await process.output();
    assert.equal(new TextDecoder().decode(stdout), "bug\n");
    assert.equal(new TextDecoder().decode(stderr), "");
    assert.equal(code, 0);
  }
});

Deno.test("denoHost() names runtime and system for bug reports", () => {
  assert.equal(
    denoHost().platform,
    `deno ${Deno.version.deno}, ${Deno.build.os} ${Deno.build.arch}`,
  );
});

Deno.test("denoHost().terminalSize() has room for something, terminal or not", () => {
  const { columns, rows } = denoHost().terminalSize();
  assert(columns > 0 && rows > 0);
});
