import assert from "node:assert/strict";
import { copy, type CopyOptions, type CopyReport } from "../../lib/commands/copy/copy.ts";
import type { Config } from "../../lib/commands/read_config.ts";
import type { Descriptor } from "../../lib/spec/descriptor.ts";
import { MEDIA_TYPE } from "../../lib/spec/media_type.ts";
import type { TransferEvent } from "../../lib/transfer/events.ts";
import type { Clock } from "../../lib/util/clock.ts";
import { FakeClock } from "./fake_clock.ts";
import type { TestRegistry } from "./test_registry.ts";

/** What came of one copy. */
export interface CopyRun {
  /** What was copied; `undefined` if nothing was. */
  readonly report: CopyReport | undefined;
  /** What was thrown. */
  readonly error: unknown;
  /** Everything that was told, in order. */
  readonly events: readonly TransferEvent[];
}

/**
 * Copies in this process, without time passing.
 *
 * @param from What to copy.
 * @param to Where to.
 * @param options How; the state directory is to be named.
 * @param parts What stops it, what the environment says, who is told, time.
 * @returns What came of it; it never throws.
 */
export async function runCopy(
  from: string,
  to: readonly string[],
  options: Partial<CopyOptions> & { stateDir: string },
  parts: {
    signal?: AbortSignal;
    env?: Record<string, string>;
    onEvent?: (event: TransferEvent) => void;
    clock?: Clock;
    config?: Config;
  } = {},
): Promise<CopyRun> {
  const { signal = new AbortController().signal, env = {}, onEvent, config } = parts;
  const { clock = new FakeClock({ autoAdvance: true }) } = parts;
  const events: TransferEvent[] = [];
  try {
    const report = await copy({ from, to, ...options }, {
      signal,
      clock,
      random: () => 0.5,
      env: (name) => env[name],
      onEvent: (event) => {
        events.push(event);
        onEvent?.(event);
      },
      config,
    });
    return { report, error: undefined, events };
  } catch (error) {
    return { report: undefined, error, events };
  }
}

/**
 * Asserts that a copy got all through.
 *
 * @param run What came of it.
 * @returns What was copied.
 */
export function assertCopied(run: CopyRun): CopyReport {
  if (run.error !== undefined) throw run.error;
  assert.deepEqual(run.report?.failures, []);
  return run.report!;
}

/**
 * Puts something that refers to a manifest into a repository.
 *
 * @param registry Which registry.
 * @param repository Which repository.
 * @param subject What it refers to.
 * @param text Sets it apart from others.
 * @returns Its manifest.
 */
export function putReferrer(
  registry: TestRegistry,
  repository: string,
  subject: Descriptor,
  text: string,
): Descriptor {
  const place = registry.repository(repository);
  const config = place.putBlob("{}", "application/vnd.oci.empty.v1+json");
  const layers = [place.putBlob(text, "text/plain")];
  const { mediaType, digest, size } = subject;
  return place.putManifest({
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociManifest,
    artifactType: "application/x.signature",
    config,
    layers,
    subject: { mediaType, digest, size },
  }, MEDIA_TYPE.ociManifest);
}
