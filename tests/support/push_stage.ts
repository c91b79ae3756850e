import assert from "node:assert/strict";
import { openArchive } from "../../lib/archive/open_archive.ts";
import { push, type PushOptions } from "../../lib/commands/push/push.ts";
import { connectRegistry } from "../../lib/registry/registry_session.ts";
import { Repository } from "../../lib/registry/repository.ts";
import type { Digest } from "../../lib/spec/digest.ts";
import { UploadJournal } from "../../lib/state/upload_journal.ts";
import type { TransferEvent } from "../../lib/transfer/events.ts";
import { pushImages } from "../../lib/transfer/push/push_images.ts";
import type { PushReport } from "../../lib/transfer/progress/report.ts";
import type { Clock } from "../../lib/util/clock.ts";
import { DEFAULT_RETRY_POLICY } from "../../lib/util/retry.ts";
import { FakeClock } from "./fake_clock.ts";
import { fileNames } from "./file_names.ts";
import { writeLargeArchive } from "./large_archive.ts";
import { sha256Of } from "./registry/repository.ts";
import { makeTempDir, type TempDir } from "./temp_dir.ts";
import type { TestRegistry } from "./test_registry.ts";

const MIB = 2 ** 20;
/** Configs and manifests are smaller, layers larger. */
const MAX_DOCUMENT_BYTES = 4096;

/** What a stage has to push. */
export interface PushStageOptions {
  /**
   * Sizes of the image's layers.
   *
   * @default {one of 3.5 MiB}
   */
  layerBytes?: readonly number[];
  /**
   * Time.
   *
   * @default {a clock on which waiting takes no time}
   */
  clock?: Clock;
}

/** What came of one push. */
export interface PushRun {
  /** What was pushed; `undefined` if nothing was. */
  readonly report: PushReport | undefined;
  /** What was thrown. */
  readonly error: unknown;
  /** Everything that was told, in order. */
  readonly events: readonly TransferEvent[];
}

/** An image in an archive on disk, pushed again and again from this process with one state directory. */
export class PushStage implements AsyncDisposable {
  /** Time. */
  readonly clock: Clock;
  /** Digests of the layers, in order. */
  readonly layers: readonly Digest[];
  readonly #dir: TempDir;

  /** @param parts Where the archive is, what it holds, time. */
  constructor(parts: { dir: TempDir; layers: readonly Digest[]; clock: Clock }) {
    this.#dir = parts.dir;
    this.layers = parts.layers;
    this.clock = parts.clock;
  }

  /** The archive. */
  get archivePath(): string {
    return this.#dir.join("image.tar");
  }

  /** Where state is kept. */
  get stateDir(): string {
    return this.#dir.join("state");
  }

  /**
   * Pushes the image, in parts of 1 MiB where nothing else is said.
   *
   * @param registries Each gets it as `app:1`.
   * @param options How.
   * @param signal Stops it.
   * @returns What came of it; it never throws.
   */
  async push(
    registries: Pick<TestRegistry, "host"> | readonly Pick<TestRegistry, "host">[],
    options: Partial<PushOptions> = {},
    signal: AbortSignal = new AbortController().signal,
  ): Promise<PushRun> {
    const events: TransferEvent[] = [];
    const hosts = "host" in registries ? [registries.host] : registries.map(({ host }) => host);
    const context = {
      signal,
      clock: this.clock,
      random: () => 0.5,
      env: () => undefined,
      onEvent: (event: TransferEvent) => void events.push(event),
    };
    try {
      const report = await push({
        archives: [this.archivePath],
        targets: hosts.map((host) => `${host}/app:1`),
        chunkSizeBytes: MIB,
        stateDir: this.stateDir,
        ...options,
      }, context);
      return { report, error: undefined, events };
    } catch (error) {
      return { report: undefined, error, events };
    }
  }

  /**
   * Pushes the image as if the registry had the name of another, of which something is known beforehand.
   *
   * @param name The other name.
   * @param registry Where it really goes, as `app:1`.
   * @param signal Stops it.
   * @returns What came of it; it never throws.
   */
  async pushAs(
    name: string,
    registry: Pick<TestRegistry, "host">,
    signal: AbortSignal = new AbortController().signal,
  ): Promise<PushRun> {
    const events: TransferEvent[] = [];
    const onEvent = (event: TransferEvent): void => void events.push(event);
    const { clock } = this;
    using archive = await openArchive(this.archivePath);
    using session = await connectRegistry(registry.host, { clock, signal });
    const target = new Repository({ ...session, registry: name }, "app");
    const [image] = archive.images;
    const told = { onWarning: assert.fail, onNotice: assert.fail };
    const report = await pushImages([{ image: image!, source: archive, target, tag: "1" }], {
      clock,
      signal,
      onEvent,
      concurrency: 3,
      policy: DEFAULT_RETRY_POLICY,
      random: () => 0.5,
      journal: new UploadJournal(this.stateDir, { clock, ...told }),
    });
    return { report, error: report.failures[0]?.error, events };
  }

  /**
   * Asserts that a push went through, and that a registry now holds the image as the archive does.
   *
   * @param run What came of the push.
   * @param registry Where to look.
   */
  assertPushed(run: PushRun, registry: TestRegistry): void {
    if (run.error !== undefined) throw run.error;
    assert.deepEqual(run.report?.failures, []);
    const repository = registry.repository("app");
    const { config, layers } = repository.readManifest("1");
    assert.deepEqual(layers.map(({ digest }) => digest), this.layers);
    for (const { digest, size } of [config, ...layers]) {
      const blob = repository.blobs.get(digest);
      assert.equal(blob?.sizeBytes, size, `${digest} at the registry`);
      if (blob?.parts) assert.equal(sha256Of(new Uint8Array(joined(blob.parts))), digest);
    }
  }

  /**
   * The uploads that are remembered for a later run.
   *
   * @returns File names.
   */
  journal(): Promise<string[]> {
    return fileNames(`${this.stateDir}/uploads`);
  }

  /** Removes archive and state. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dir[Symbol.asyncDispose]();
  }
}

/**
 * Makes an archive to push.
 *
 * @param options Its layers, and time.
 * @returns The stage.
 */
export async function makePushStage(options: PushStageOptions = {}): Promise<PushStage> {
  const { layerBytes = [3.5 * MIB], clock = new FakeClock({ autoAdvance: true }) } = options;
  await using resources = new AsyncDisposableStack();
  const dir = resources.use(await makeTempDir());
  const layers = await writeLargeArchive(dir.join("image.tar"), layerBytes);
  resources.move();
  return new PushStage({ dir, layers, clock });
}

/**
 * The requests that brought layers to a registry, in order: `PATCH 1` and `PUT 0.5` with their MiB, `PATCH 413` where
 * it was refused, `PATCH cut` where there was no answer.
 *
 * @param registry Where they went.
 * @returns What became of each.
 */
export function layerBodies(registry: Pick<TestRegistry, "requests">): string[] {
  const bodies = registry.requests
    .filter(({ kind }) => kind === "append" || kind === "commit")
    .map(({ method, status, headers }) => ({
      method,
      status,
      sizeBytes: Number(headers.get("content-length")),
    }))
    .filter(({ sizeBytes }) => sizeBytes > MAX_DOCUMENT_BYTES);
  return bodies.map(({ method, status, sizeBytes }) => {
    if (status === undefined) return `${method} cut`;
    return `${method} ${status < 300 ? Math.round(sizeBytes / MIB * 1000) / 1000 : status}`;
  });
}

/**
 * Bytes of bodies that a registry was sent to upload blobs.
 *
 * @param registry Where they went.
 * @returns The sum of what was read of them.
 */
export function uploadedBytes(registry: Pick<TestRegistry, "requests">): number {
  return registry.requests
    .filter(({ kind }) => kind === "append" || kind === "commit")
    .reduce((sum, { bodyBytes }) => sum + bodyBytes, 0);
}

function joined(parts: readonly Uint8Array[]): ArrayBuffer {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes.buffer;
}
