/** Uses the real host in a process of its own, as its argument says. */

import { denoHost } from "../../../lib/cli/host.ts";
import { listenForInterruption } from "../../../lib/cli/interruption.ts";

const host = denoHost();

switch (Deno.args[0]) {
  case "ignore-abort": {
    // Work that does not heed its signal: only a second signal can end it.
    using interruption = listenForInterruption(host);
    interruption.signal.addEventListener("abort", () => host.stdout.write("aborted\n"));
    host.stdout.write("ready\n");
    await new Promise((resolve) => setTimeout(resolve, 60_000));
    break;
  }
  case "write-much":
    host.stdout.write("x".repeat(1_000_000));
    host.stderr.write("done\n");
    break;
  case "read-stdin":
    host.stdout.write(await host.stdin.readText(Number(Deno.args[1])));
    break;
  case "uncaught": {
    using interruption = listenForInterruption(host);
    const { promise, resolve } = Promise.withResolvers<void>();
    interruption.signal.addEventListener("abort", () => resolve());
    if (Deno.args[1] === "throw") {
      setTimeout(() => {
        throw new Error("bug");
      }, 0);
    } else Promise.reject(new Error("bug"));
    await promise;
    host.stdout.write(`${interruption.signal.reason.message}\n`);
    break;
  }
}
