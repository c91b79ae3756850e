import assert from "node:assert/strict";
import { pull, type PullOptions, type PullReport } from "../../lib/commands/pull/pull.ts";
import type { Config } from "../../lib/commands/read_config.ts";
import type { Descriptor } from "../../lib/spec/descriptor.ts";
import { MEDIA_TYPE } from "../../lib/spec/media_type.ts";
import type { TransferEvent } from "../../lib/transfer/events.ts";
import { FakeClock } from "./fake_clock.ts";
import type { TestRegistry } from "./test_registry.ts";

/** What came of one pull. */
export interface PullRun {
  /** What was pulled; `undefined` if nothing was. */
  readonly report: PullReport | undefined;
  /** What was thrown. */
  readonly error: unknown;
  /** Everything that was told, in order. */
  readonly events: readonly TransferEvent[];
}

/**
 * Puts an image into a registry.
 *
 * @param registry Which.
 * @param name `repository:tag`.
 * @param options Its platform and layers.
 * @returns Its manifest and layers.
 */
export function putImage(
  registry: TestRegistry,
  name: string,
  { architecture = "amd64", layers = ["a layer"] }: {
    architecture?: string;
    layers?: readonly (string | Uint8Array)[];
  } = {},
): { manifest: Descriptor; layers: Descriptor[] } {
  const [repositoryName = "", tag] = name.split(":");
  const repository = registry.repository(repositoryName);
  const blobs = layers.map((layer) => repository.putBlob(layer, MEDIA_TYPE.ociLayer));
  const diffIds = blobs.map(({ digest }) => digest);
  const config = repository.putBlob(
    JSON.stringify({ os: "linux", architecture, rootfs: { type: "layers", diff_ids: diffIds } }),
    MEDIA_TYPE.ociConfig,
  );
  const manifest = repository.putManifest(
    { schemaVersion: 2, mediaType: MEDIA_TYPE.ociManifest, config, layers: blobs },
    MEDIA_TYPE.ociManifest,
    tag,
  );
  return { manifest: { ...manifest, platform: { os: "linux", architecture } }, layers: blobs };
}

/**
 * Puts an index of two platforms, amd64 and arm64, into a registry.
 *
 * @param registry Which.
 * @param name `repository:tag`.
 * @returns The index and its manifests.
 */
export function putIndex(
  registry: TestRegistry,
  name: string,
): { index: Descriptor; manifests: readonly [Descriptor, Descriptor] } {
  const [repositoryName = "", tag] = name.split(":");
  const [amd64, arm64] = ["amd64", "arm64"].map((architecture) =>
    putImage(registry, repositoryName, { architecture, layers: ["base", architecture] }).manifest
  );
  const index = registry.repository(repositoryName).putManifest(
    { schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests: [amd64, arm64] },
    MEDIA_TYPE.ociIndex,
    tag,
  );
  return { index, manifests: [amd64!, arm64!] };
}

/**
 * Pulls in this process, without time passing.
 *
 * @param references What to pull.
 * @param options How; the output is to be named.
 * @param parts Who reads standard output, what stops it, how it is configured, when it is.
 * @returns What came of it; it never throws.
 */
export async function runPull(
  references: readonly string[],
  options: Partial<PullOptions> & { output: string; stateDir: string },
  parts: {
    signal?: AbortSignal;
    write?: (bytes: Uint8Array) => Promise<boolean>;
    onEvent?: (event: TransferEvent) => void;
    config?: Config;
    clock?: FakeClock;
  } = {},
): Promise<PullRun> {
  const { signal = new AbortController().signal, write, onEvent, config } = parts;
  const { clock = new FakeClock({ autoAdvance: true }) } = parts;
  const events: TransferEvent[] = [];
  try {
    const report = await pull({ references, platforms: ["linux/amd64"], ...options }, {
      signal,
      clock,
      random: () => 0.5,
      env: () => undefined,
      onEvent: (event) => {
        events.push(event);
        onEvent?.(event);
      },
      output: write && { write },
      config,
    });
    return { report, error: undefined, events };
  } catch (error) {
    return { report: undefined, error, events };
  }
}

/**
 * Asserts that a directory holds these files and no others.
 *
 * @param path The directory.
 * @param names Their names.
 */
export async function assertFiles(path: string, names: readonly string[]): Promise<void> {
  const found = (await Array.fromAsync(Deno.readDir(path))).map(({ name }) => name);
  assert.deepEqual(found.sort(), [...names].sort());
}
