import { runCli } from "./lib/cli/app.ts";
import { denoHost } from "./lib/cli/host.ts";

Deno.exitCode = await runCli(Deno.args, denoHost());
