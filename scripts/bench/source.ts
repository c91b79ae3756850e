/**
 * A registry that gives the image of an archive out at full speed, in a process of its own, to whoever asks for any of
 * its tags. It says on standard output which port it listens on.
 *
 * @module
 */

import { openArchive } from "../../lib/archive/open_archive.ts";
import { distinctBlobs, manifestsBottomUp } from "../../lib/spec/image.ts";
import { BufferRing } from "../../lib/util/buffer_ring.ts";

const BUFFER_BYTES = 2 ** 20;
const END_OF_HEAD = "\r\n\r\n";

/** What is given out under the last part of a path. */
interface Content {
  mediaType: string;
  sizeBytes: number;
  open(): ReadableStream<Uint8Array>;
}

if (import.meta.main) {
  const [path = ""] = Deno.args;
  const contents = await contentsOf(path);
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await Deno.stdout.write(new TextEncoder().encode(`${listener.addr.port}\n`));
  // A client that goes away in the middle is none of the source's business.
  for await (const connection of listener) serve(connection, contents).catch(() => {});
}

async function contentsOf(path: string): Promise<Map<string, Content>> {
  const archive = await openArchive(path);
  const contents = new Map<string, Content>();
  const [image] = archive.images;
  for (const { descriptor, bytes } of manifestsBottomUp(image!.root)) {
    const content = {
      mediaType: descriptor.mediaType,
      sizeBytes: descriptor.size,
      open: () => new Blob([bytes.slice()]).stream(),
    };
    contents.set(descriptor.digest, content).set("1", content);
  }
  for (const blob of distinctBlobs(image!.root)) {
    contents.set(blob.digest, {
      mediaType: "application/octet-stream",
      sizeBytes: blob.size,
      open: () => archive.openBlob(blob, { buffers: new BufferRing(BUFFER_BYTES) }),
    });
  }
  return contents;
}

/** One request after the other; clients do not send the next one before they have the answer. */
async function serve(connection: Deno.Conn, contents: ReadonlyMap<string, Content>): Promise<void> {
  using _ = connection;
  const buffer = new Uint8Array(BUFFER_BYTES);
  let head = "";
  for (let read; (read = await connection.read(buffer)) !== null;) {
    head += new TextDecoder("latin1").decode(buffer.subarray(0, read));
    if (!head.endsWith(END_OF_HEAD)) continue;
    const [, method, name = ""] = /^(GET|HEAD) \S*\/(\S*) /.exec(head) ?? [];
    const content = contents.get(name);
    await writeHead(connection, content);
    if (method === "GET" && content) await writeBody(connection, content);
    head = "";
  }
}

async function writeHead(connection: Deno.Conn, content: Content | undefined): Promise<void> {
  const { sizeBytes = 0, mediaType = "text/plain" } = content ?? {};
  const head = `HTTP/1.1 200 OK\r\nContent-Type: ${mediaType}\r\nContent-Length: ${sizeBytes}${END_OF_HEAD}`;
  await writeAll(connection, new TextEncoder().encode(head));
}

async function writeBody(connection: Deno.Conn, content: Content): Promise<void> {
  for await (const chunk of content.open()) await writeAll(connection, chunk);
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await connection.write(bytes.subarray(written));
}
