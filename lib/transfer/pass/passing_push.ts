import type { PusherError } from "../../errors.ts";
import type { Descriptor } from "../../spec/descriptor.ts";
import { BufferPool } from "../../util/buffer_pool.ts";
import type { ByteReader } from "../../util/byte_reader.ts";
import { passBlob, passingPartBytes } from "./pass_blob.ts";
import type { FoundBlob } from "./passing_window.ts";
import type { PushTarget } from "../ports.ts";
import type { PushContext } from "../push/push_images.ts";
import { PushRun } from "../push/push_run.ts";
import { jobReference, type PushJob } from "../push/push_job.ts";
import type { PushReport } from "../progress/report.ts";
import type { OutgoingBlob } from "../upload/upload_content.ts";

/** What passes has no other identity than that of its blobs: those named by digests are the same whenever they come. */
const SOURCE = "pipe";

/**
 * Pushes what passes once, such as standard input: blobs are sent while they pass, to several repositories at once;
 * images are pushed when all has passed, and find their blobs there. A repository that fails does not stop the others.
 */
export class PassingPush implements Disposable {
  #run: PushRun;
  #targets: readonly PushTarget[];
  #partBytes: number;
  #buffers = new BufferPool();
  /** Repositories that have failed, by name. */
  #failures = new Map<string, PusherError>();

  /**
   * Starts to count the time.
   *
   * @param targets Where blobs go.
   * @param context Limits, time and events.
   */
  constructor(targets: readonly PushTarget[], context: PushContext) {
    this.#run = new PushRun(context);
    this.#targets = targets;
    this.#partBytes = passingPartBytes(context);
    context.onEvent({ type: "pass:start", targets: targets.map(({ name }) => name) });
  }

  /** Ends what was started beside. */
  [Symbol.dispose](): void {
    this.#run[Symbol.dispose]();
  }

  /**
   * What is sent is part of it.
   *
   * @internal
   */
  get run(): PushRun {
    return this.#run;
  }

  /**
   * Whether nobody needs a blob.
   *
   * @param blob Which.
   * @returns Whether all repositories hold it.
   */
  async holds(blob: Descriptor): Promise<boolean> {
    const targets = this.#targets.filter(({ name }) => !this.#failures.has(name));
    const answers = await Promise.allSettled(
      targets.map((target) => this.#run.laneTo(target.registry).holds(target, blob)),
    );
    return answers.every((answer) => answer.status === "fulfilled" && answer.value);
  }

  /**
   * Lets a blob pass, and sends it to the repositories that do not have it. One at a time.
   *
   * @param blob What passes; where its digest is known, no more is sent than what is missing.
   * @param read Gives its bytes.
   * @returns What it is.
   * @throws {PusherError} If nobody is left to send it to: the last failure; `DIGEST_MISMATCH` if it is not what it
   * claims to be; whatever `read` throws.
   */
  async pass(blob: OutgoingBlob, read: ByteReader): Promise<FoundBlob> {
    return await passBlob(blob, read, {
      run: this.#run,
      targets: this.#targets.filter(({ name }) => !this.#failures.has(name)),
      source: SOURCE,
      buffers: this.#buffers,
      partBytes: this.#partBytes,
      onFailure: ({ name }, error) => {
        this.#failures.set(name, error);
        return this.#failures.size < this.#targets.length;
      },
    });
  }

  /**
   * Pushes the images, now that all has passed.
   *
   * @param jobs What goes where.
   * @returns What was pushed, and what failed, with all that was sent since the start.
   * @throws The signal's reason when aborted.
   */
  async push(jobs: readonly PushJob[]): Promise<PushReport> {
    const report = await this.#run.push(jobs.filter(({ target }) => !this.#failures.has(target.name)));
    const failures = jobs.flatMap((job) => {
      const error = this.#failures.get(job.target.name);
      return error ? [{ reference: jobReference(job), error }] : [];
    });
    return { ...report, failures: [...failures, ...report.failures] };
  }
}
