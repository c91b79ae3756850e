import { startProcess } from "./background_process.ts";
import { runCommand } from "./run_command.ts";
import { makeTempDir, type TempDir } from "./temp_dir.ts";

/** What nginx does in front of a registry. */
export interface RealNginxOptions {
  /** The registry, as host and port; without TLS. */
  registry: string;
  /** Largest body it lets through, in nginx's words. */
  maxBody?: string;
  /** Whom it lets through. */
  users?: Record<string, string>;
  /** Speaks https with this certificate and key, with clients whom these authorities vouch for, all in PEM. */
  tls?: { cert: string; key: string; clientAuthorities?: string };
  /** Whether blobs are read at another port, which refuses credentials as object storage does. */
  redirectsBlobs?: boolean;
}

/** An nginx in a process of its own. */
export interface RealNginx extends AsyncDisposable {
  /** For example `127.0.0.1:40123`. */
  readonly host: string;
}

/**
 * Starts `nginx` on 127.0.0.1.
 *
 * @param options What it does.
 * @returns The proxy, ready for requests.
 * @see https://nginx.org/en/docs/http/ngx_http_core_module.html
 */
export async function startRealNginx(options: RealNginxOptions): Promise<RealNginx> {
  const dir = await makeTempDir();
  const [port, storagePort] = freePorts(2);
  const pass = `proxy_pass http://${options.registry}; proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-Proto $scheme;`;
  const blobs = options.redirectsBlobs
    ? `location ~ ^/v2/.+/blobs/sha256: { return 307 http://127.0.0.1:${storagePort}$request_uri; }`
    : "";
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${dir.join(name)};`).join("\n");
  const config = `
daemon off;
worker_processes 1;
user root;
pid ${dir.join("pid")};
error_log stderr notice;
events {}
http {
  access_log off;
  ${temporary}
  server {
    listen 127.0.0.1:${port}${options.tls ? " ssl" : ""};
    client_max_body_size ${options.maxBody ?? "0"};
    ${await tlsLines(options.tls, dir)}
    ${await userLines(options.users, dir)}
    ${blobs}
    location / { ${pass} }
  }
  server {
    listen 127.0.0.1:${storagePort};
    if ($http_authorization) { return 400; }
    location / { ${pass} }
  }
}
`;
  await Deno.writeTextFile(dir.join("nginx.conf"), config);
  const running = await startProcess(["nginx", "-c", dir.join("nginx.conf")], /start worker process \d/);
  return {
    host: `127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      await running.stop("SIGTERM");
      await dir[Symbol.asyncDispose]();
    },
  };
}

async function tlsLines(tls: RealNginxOptions["tls"], dir: TempDir): Promise<string> {
  if (!tls) return "";
  await Deno.writeTextFile(dir.join("tls.crt"), tls.cert);
  await Deno.writeTextFile(dir.join("tls.key"), tls.key);
  const lines = [`ssl_certificate ${dir.join("tls.crt")};`, `ssl_certificate_key ${dir.join("tls.key")};`];
  if (tls.clientAuthorities) {
    await Deno.writeTextFile(dir.join("clients.crt"), tls.clientAuthorities);
    lines.push(`ssl_client_certificate ${dir.join("clients.crt")};`, "ssl_verify_client on;");
  }
  return lines.join("\n");
}

async function userLines(users: RealNginxOptions["users"], dir: TempDir): Promise<string> {
  if (!users) return "";
  const lines = await Promise.all(
    // nginx knows no bcrypt here, as the system's crypt() decides.
    Object.entries(users).map(([name, password]) => runCommand(["htpasswd", "-mbn", name, password])),
  );
  await Deno.writeTextFile(dir.join("users"), lines.join(""));
  return `auth_basic "registry"; auth_basic_user_file ${dir.join("users")};`;
}

function freePorts(count: number): number[] {
  const listeners = Array.from({ length: count }, () => Deno.listen({ hostname: "127.0.0.1", port: 0 }));
  const ports = listeners.map(({ addr }) => addr.port);
  for (const listener of listeners) listener.close();
  return ports;
}
