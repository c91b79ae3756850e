import { type BackgroundProcess, startProcess } from "../../tests/support/background_process.ts";
import type { TempDir } from "../../tests/support/temp_dir.ts";

/**
 * Starts nginx to give out files, as it is said to do that best.
 *
 * @param root Whose files.
 * @param dir Where it keeps what it needs.
 * @returns The process, ready at the port.
 */
export async function startStaticNginx(
  root: string,
  dir: TempDir,
): Promise<{ host: string; running: BackgroundProcess }> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${dir.join(name)};`).join("\n");
  // Without a master, there is one process to measure.
  const config = `
daemon off; master_process off;
pid ${dir.join("nginx.pid")};
error_log stderr notice;
events {}
http {
  access_log off; sendfile on;
  ${temporary}
  server { listen 127.0.0.1:${port}; root ${root}; }
}
`;
  await Deno.writeTextFile(dir.join("nginx.conf"), config);
  const running = await startProcess(["nginx", "-c", dir.join("nginx.conf")], / nginx\/\d/);
  return { host: `127.0.0.1:${port}`, running };
}
