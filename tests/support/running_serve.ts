import { type CliOptions, type CliProcess, startCli } from "./run_cli.ts";

/** `serve` as a process. */
export interface RunningServe extends AsyncDisposable {
  /** Where it listens, for example `127.0.0.1:40123`. */
  readonly host: string;
  /** The process. */
  readonly process: CliProcess;
}

/**
 * Starts `serve`, with its log of requests.
 *
 * @param args Its arguments; without `--listen` it takes a free port of 127.0.0.1.
 * @param options How it is run.
 * @returns The service, listening; disposing it kills it.
 */
export async function startServe(args: readonly string[], options: CliOptions = {}): Promise<RunningServe> {
  const listen = args.includes("--listen") ? [] : ["--listen", "127.0.0.1:0"];
  const process = await startCli(["serve", ...args, ...listen, "--debug"], options);
  try {
    const [, host = ""] = await process.stderr.waitFor(/^Serving .* on https?:\/\/(\S+?)[,.] /m);
    return { host, process, [Symbol.asyncDispose]: () => process[Symbol.asyncDispose]() };
  } catch (error) {
    await process[Symbol.asyncDispose]();
    throw error;
  }
}
