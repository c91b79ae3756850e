import { type ErrorDetails, PusherError } from "../errors.ts";
import type { Descriptor } from "../spec/descriptor.ts";
import { printable } from "../util/printable.ts";

/** What is wanted of a blob. */
export interface BlobQuestion {
  /** Which. */
  blob: Descriptor;
  /** The first byte that is wanted. */
  offsetBytes: number;
  /** The repository that is asked, for people. */
  from: string;
  /** The request, for errors. */
  detail: ErrorDetails["REGISTRY_UNSUPPORTED"];
}

/**
 * Reads a blob, or what follows a byte of it. Registries, and what is before them, may not understand that a part is wanted:
 * all of it is read then, and what comes before the part is dropped.
 *
 * @param question What is wanted.
 * @param ask Asks for it with this `Range`; gives answers with status 200, and for a range with 206 and 416.
 * @returns The bytes from there; nothing about them is verified.
 * @throws {PusherError} `DIGEST_MISMATCH` if the answer announces another length than the blob has, `REGISTRY_UNSUPPORTED` if
 * it is a page, or compressed.
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-range-requests
 */
export async function blobContent(
  question: BlobQuestion,
  ask: (range: string | undefined) => Promise<Response>,
): Promise<ReadableStream<Uint8Array>> {
  const { blob, offsetBytes } = question;
  const asked = await ask(offsetBytes > 0 ? `bytes=${offsetBytes}-` : undefined);
  if (asked.status === 206 && isPart(asked, question)) return contentOf(asked);
  if (asked.status !== 200) await asked.body?.cancel();
  const whole = asked.status === 200 ? asked : await ask(undefined);
  const problem = lengthProblem(whole, question);
  if (problem) {
    await whole.body?.cancel();
    throw problem;
  }
  const content = contentOf(whole);
  return offsetBytes > 0 && blob.size > 0 ? withoutStart(content, offsetBytes) : content;
}

function contentOf({ body }: Response): ReadableStream<Uint8Array> {
  return body ?? new Blob().stream();
}

/** Whether an answer is of the part that was asked for. */
function isPart({ headers }: Response, { blob, offsetBytes }: BlobQuestion): boolean {
  const match = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(headers.get("content-range")?.trim() ?? "");
  const [, first, last, total] = match ?? [];
  return Number(first) === offsetBytes && Number(last) === blob.size - 1 &&
    (total === "*" || Number(total) === blob.size);
}

function lengthProblem({ headers }: Response, question: BlobQuestion): PusherError | undefined {
  const { blob, from } = question;
  const length = headers.get("content-length");
  if (length === null || Number(length) === blob.size) return undefined;
  if (headers.get("content-type")?.startsWith("text/html")) {
    return unsupported(question, "the answer is a web page");
  }
  const encoding = contentEncoding(headers);
  if (encoding !== undefined) return unsupported(question, notPlain(encoding));
  const actual = `${printable(length, 20)} bytes`;
  return new PusherError(
    "DIGEST_MISMATCH",
    `Cannot read blob ${blob.digest} of "${from}": it should have ${blob.size} bytes, but the registry has ${actual}`,
    {
      detail: { expected: `${blob.size} bytes`, actual, entry: blob.digest },
      hint: "The registry's copy, or one in a proxy between, is damaged: push the image there again.",
    },
  );
}

function unsupported({ blob, from, detail }: BlobQuestion, reason: string): PusherError {
  return new PusherError("REGISTRY_UNSUPPORTED", `Cannot read blob ${blob.digest} of "${from}": ${reason}`, {
    detail,
    hint: "Check proxies between here and the registry; --debug shows each request.",
  });
}

/**
 * What an answer is compressed with on its way, which no request asks for.
 *
 * @param headers Those of the answer.
 * @returns For example `gzip`; `undefined` if it says nothing of the kind. It may say so without reason.
 */
export function contentEncoding(headers: Headers): string | undefined {
  const encoding = headers.get("content-encoding")?.trim().toLowerCase();
  return encoding === "identity" || encoding === "" ? undefined : encoding;
}

/**
 * Says what is wrong with an answer that is compressed.
 *
 * @param encoding Its {@linkcode contentEncoding}.
 * @returns The reason, escaped.
 */
export function notPlain(encoding: string): string {
  return `the answer is compressed (${printable(encoding, 20)}), although plain bytes were asked for`;
}

function withoutStart(body: ReadableStream<Uint8Array>, dropBytes: number): ReadableStream<Uint8Array> {
  let leftBytes = dropBytes;
  return body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        const rest = chunk.subarray(Math.min(leftBytes, chunk.length));
        leftBytes -= chunk.length - rest.length;
        if (rest.length > 0) controller.enqueue(rest);
      },
    }),
  );
}
