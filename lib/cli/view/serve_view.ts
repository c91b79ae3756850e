import type { ServeReport } from "../../commands/serve/serve.ts";
import { printable } from "../../util/printable.ts";
import { type ErrorViewOptions, jsonText } from "./error_view.ts";

/**
 * What can be pulled: a line for each image, or one document.
 *
 * @param report What is served.
 * @param options Whether as JSON.
 * @returns Lines of the form `host/repository:tag@sha256:…`, each ended.
 */
export function serveText(
  report: ServeReport,
  options: ErrorViewOptions & { json?: boolean | undefined },
): string {
  if (options.json) return jsonText(report, options);
  return report.images.map(({ reference, digest }) => `${printable(reference)}@${digest}\n`).join("");
}

/**
 * Says where a registry is and how it ends.
 *
 * @param report What is served.
 * @returns One sentence or two.
 */
export function serveNotice({ url, isReadOnly, images }: ServeReport): string {
  const what = images.length === 1 ? "1 image" : `${images.length} images`;
  return `Serving ${what} on ${url}${isReadOnly ? ", read-only" : ", and taking pushes"}. Ctrl-C ends it.`;
}
