import { push, type PushOptions } from "../../lib/commands/push/push.ts";
import type { TransferEvent } from "../../lib/transfer/events.ts";
import type { PushReport } from "../../lib/transfer/progress/report.ts";
import type { CompressionMethod } from "../../lib/util/compressor_pool.ts";
import { dockerSaveMembers, gzip, tarBytes, type TarMember } from "./archives.ts";
import { makeTempDir, type TempDir } from "./temp_dir.ts";
import { makeTestContext } from "./test_context.ts";
import type { TestRegistry } from "./test_registry.ts";

/** What came of a push. */
export interface CompressedPush {
  /** What was pushed; `undefined` if nothing was. */
  readonly report: PushReport | undefined;
  /** What was thrown. */
  readonly error: unknown;
  /** Everything that was told. */
  readonly events: readonly TransferEvent[];
  /** Digests of layers that were compressed. */
  readonly compressed: readonly string[];
}

/** An archive on disk and a state directory, for pushes that compress. */
export class CompressedStage implements AsyncDisposable {
  readonly #dir: TempDir;

  /** @param dir Where both are. */
  constructor(dir: TempDir) {
    this.#dir = dir;
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
   * Pushes the image as `app:1`.
   *
   * @param registries Where to.
   * @param compression How its layers are compressed.
   * @param options What else is different.
   * @returns What came of it; it never throws.
   */
  async push(
    registries: readonly Pick<TestRegistry, "host">[],
    compression: CompressionMethod,
    options: Partial<PushOptions> & { signal?: AbortSignal } = {},
  ): Promise<CompressedPush> {
    const { signal = new AbortController().signal, ...others } = options;
    const context = makeTestContext({ signal });
    const pushed = push({
      archives: [this.archivePath],
      targets: registries.map(({ host }) => `${host}/app:1`),
      stateDir: this.stateDir,
      compression,
      ...others,
    }, context);
    const [result] = await Promise.allSettled([pushed]);
    const { events } = context;
    const compressed = events.filter(({ type }) => type === "compress:done");
    return {
      report: result.status === "fulfilled" ? result.value : undefined,
      error: result.status === "rejected" ? result.reason : undefined,
      events,
      compressed: compressed.map((event) => "digest" in event ? event.digest : ""),
    };
  }

  /** Removes both. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dir[Symbol.asyncDispose]();
  }
}

/**
 * Writes an archive to be pushed.
 *
 * @param content Its plain layers, as docker save writes them, or its members.
 * @param options Whether the archive is compressed as a whole, so that it can be read only once.
 * @returns The stage.
 */
export async function makeCompressedStage(
  content: readonly Uint8Array<ArrayBuffer>[] | { members: readonly TarMember[] },
  { isReadOnce = false }: { isReadOnce?: boolean } = {},
): Promise<CompressedStage> {
  const stage = new CompressedStage(await makeTempDir());
  const members = "members" in content
    ? content.members
    : await dockerSaveMembers([{ tags: ["app:1"], layers: [...content] }]);
  const bytes = tarBytes(members);
  await Deno.writeFile(stage.archivePath, isReadOnce ? await gzip(bytes) : bytes);
  return stage;
}
