import { script } from "./own_program.ts";

/** A server in a process of its own. */
export interface BenchServer extends AsyncDisposable {
  /** For example `127.0.0.1:40123`. */
  host: string;
}

/**
 * Starts a server of this folder that takes everything, or that gives out an archive.
 *
 * @param name Which one.
 * @param args Its arguments.
 * @returns The server, listening.
 */
export async function startBenchServer(name: "sink" | "source", ...args: string[]): Promise<BenchServer> {
  const [program = "", ...rest] = script(`scripts/bench/${name}.ts`, ...args).command;
  const child = new Deno.Command(program, { args: rest, stdout: "piped" }).spawn();
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  const port = Number(new TextDecoder().decode(value));
  return {
    host: `127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      child.kill();
      await reader.cancel();
      await child.status;
    },
  };
}
