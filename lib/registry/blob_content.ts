import { type ErrorDetails, PusherError } from "../errors.ts";
import type { Descriptor } from "../spec/descriptor.ts";
import { printable } from "../util/printable.ts";

/** What a blob was asked for with. */
export interface BlobQuestion {
  /** Which. */
  blob: Descriptor;
  /** The first byte that was asked for. */
  offsetBytes: number;
  /** The repository that was asked, for people. */
  from: string;
  /** The request, for errors. */
  detail: ErrorDetails["REGISTRY_UNSUPPORTED"];
}

/**
 * The content of a blob, from an answer with status 200 or 206. Registries may ignore that they were asked for a part:
 * what comes before it is then read and dropped.
 *
 * @param response The answer.
 * @param question What was asked.
 * @returns The bytes from the first one that was asked for; nothing about them is verified.
 * @throws {PusherError} `DIGEST_MISMATCH` if it announces another length than the blob has, `REGISTRY_UNSUPPORTED` if it
 * is of another part, or a page.
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-content-range
 */
export async function blobContent(
  response: Response,
  question: BlobQuestion,
): Promise<ReadableStream<Uint8Array>> {
  const { blob, offsetBytes } = question;
  const problem = response.status === 206
    ? rangeProblem(response, question)
    : lengthProblem(response, question);
  if (problem) {
    await response.body?.cancel();
    throw problem;
  }
  const body = response.body ?? new Blob().stream();
  const isWhole = response.status === 200 && offsetBytes > 0 && blob.size > 0;
  return isWhole ? withoutStart(body, offsetBytes) : body;
}

function rangeProblem({ headers }: Response, question: BlobQuestion): PusherError | undefined {
  const { blob, offsetBytes } = question;
  const header = headers.get("content-range") ?? "";
  const match = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(header.trim());
  const [, first, last, total] = match ?? [];
  const isAsked = Number(first) === offsetBytes && Number(last) === blob.size - 1 &&
    (total === "*" || Number(total) === blob.size);
  if (isAsked) return undefined;
  const said = header === "" ? "does not say which" : `says "${printable(header, 60)}"`;
  return unsupported(question, `the registry was asked for what follows byte ${offsetBytes}, and ${said}`);
}

function lengthProblem({ headers }: Response, question: BlobQuestion): PusherError | undefined {
  const { blob, from } = question;
  const length = headers.get("content-length");
  if (length === null || Number(length) === blob.size) return undefined;
  if (headers.get("content-type")?.startsWith("text/html")) {
    return unsupported(question, "the answer is a web page");
  }
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
