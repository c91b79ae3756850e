/**
 * Sends bytes over a plain connection and reads until the other side closes it: for what `fetch` would hide.
 *
 * @param host For example `127.0.0.1:40123`.
 * @param parts What to send, one after the other; the answer so far is awaited before each but the first.
 * @returns Everything that came back, as Latin-1; what came before a reset counts.
 */
export async function rawRequest(host: string, ...parts: readonly string[]): Promise<string> {
  const [hostname = "", port] = host.split(":");
  using conn = await Deno.connect({ hostname, port: Number(port) });
  const buffer = new Uint8Array(64 * 1024);
  const decoder = new TextDecoder("latin1");
  let text = "";
  const read = async (): Promise<boolean> => {
    const count = await conn.read(buffer).catch(() => null);
    text += decoder.decode(buffer.subarray(0, count ?? 0));
    return count !== null;
  };
  for (const [index, part] of parts.entries()) {
    if (index > 0) await read();
    await conn.write(new TextEncoder().encode(part));
  }
  while (await read()) { /* until the end */ }
  return text;
}
