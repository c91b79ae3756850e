import { formatByteSize } from "../../lib/util/byte_size.ts";
import type { Program } from "./measure.ts";
import { isInstalled } from "./peers.ts";

/** How often a blob is downloaded, so that the start of the service weighs little. */
const DOWNLOADS = 8;

/** A line of the table. */
export interface ServeRow {
  /** What is measured. */
  name: string;
  /** Bytes that are sent. */
  sizeBytes: number;
  /** Run by run. */
  program: (run: number) => Program;
}

/** What is served. */
export interface ServeBench {
  /** An archive with one image. */
  archive: string;
  /** Size of its last layer. */
  blobBytes: number;
  /** The command line of `serve`, without archives. */
  serve: readonly string[];
}

/** Starts the service, finds the last layer of its only image, discards what comes, and ends the service. */
const SCRIPT = `
lines=$(mktemp)
"$@" --listen 127.0.0.1:0 > "$lines" & server=$!
until grep -q @ "$lines"; do kill -0 $server || exit 1; sleep 0.02; done
image=$(sed 's/:[^:@]*@.*//' "$lines"); tag=$(sed 's/.*:\\([^:@]*\\)@.*/\\1/' "$lines")
host=\${image%%/*}; repository=\${image#*/}; rm "$lines"
digest=$(curl -sf "http://$host/v2/$repository/manifests/$tag" | grep -o 'sha256:[0-9a-f]*' | tail -n 1)
for nth in $(seq ${DOWNLOADS}); do curl -sf -o /dev/null "http://$host/v2/$repository/blobs/$digest" || failed=1; done
kill -INT $server; wait $server && [ -z "$failed" ]
`;

/**
 * Downloads from `serve`, by a client that keeps nothing. The peak is that of the service, the largest of the programs.
 *
 * @param served Archives, of different sizes.
 * @returns The lines.
 */
export async function serveRows(served: readonly ServeBench[]): Promise<ServeRow[]> {
  if (!await isInstalled("curl")) return [];
  return served.map(({ archive, blobBytes, serve }) => ({
    name: `download ${formatByteSize(blobBytes)} from serve, ${DOWNLOADS} times`,
    sizeBytes: DOWNLOADS * blobBytes,
    program: () => ({ command: ["bash", "-c", SCRIPT, "bash", ...serve, archive] }),
  }));
}
