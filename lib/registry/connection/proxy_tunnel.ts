import type { Socket } from "node:net";

const MAX_HEAD_BYTES = 64 * 2 ** 10;

/**
 * Opens a way through an HTTP proxy to a host.
 *
 * @param proxy The proxy's URL, with user and password if any.
 * @param target Host and port.
 * @returns A socket whose other end is the host.
 * @throws {Error} If the proxy cannot be reached or refuses.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-9.3.6
 */
export async function openTunnel(proxy: URL, target: string): Promise<Socket> {
  const isSecure = proxy.protocol === "https:";
  const net = await import("node:net");
  const tls = await import("node:tls");
  const address = {
    host: proxy.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: Number(proxy.port || (isSecure ? 443 : 80)),
  };
  const socket: Socket = isSecure ? tls.connect(address) : net.connect(address);
  try {
    socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${authorization(proxy)}\r\n`);
    const status = /^HTTP\/1\.\d (\d{3})/.exec(await readHead(socket))?.[1];
    if (status === "407") throw new Error("proxy authentication required");
    if (!status?.startsWith("2")) throw new Error("unsuccessful tunnel");
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function authorization({ username, password }: URL): string {
  if (username === "") return "";
  const bytes = new TextEncoder().encode(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
  return `Proxy-Authorization: Basic ${bytes.toBase64()}\r\n`;
}

/** The host says nothing before we do, so what comes is the proxy's answer alone. */
async function readHead(socket: Socket): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let head = "";
  const onData = (chunk: Uint8Array): void => {
    head += new TextDecoder().decode(chunk);
    if (head.length > MAX_HEAD_BYTES) reject(new Error("unsuccessful tunnel"));
    else if (head.includes("\r\n\r\n")) resolve(head);
  };
  const onEnd = (): void => reject(new Error("unsuccessful tunnel"));
  socket.on("data", onData);
  socket.once("end", onEnd);
  socket.once("error", reject);
  try {
    return await promise;
  } finally {
    socket.off("data", onData);
    socket.off("end", onEnd);
    socket.off("error", reject);
    socket.pause();
  }
}
