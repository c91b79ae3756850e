/** Variables of the environment that change what every command does, and how. */
export const ENVIRONMENT: readonly (readonly [names: string, meaning: string])[] = [
  ["DOCKER_USERNAME, DOCKER_PASSWORD", "credentials for this run"],
  ["DOCKER_CONFIG, REGISTRY_AUTH_FILE", "docker's and podman's logins"],
  ["DOCKER_IMAGE_PUSHER_STATE_DIR", "the state directory"],
  ["HTTPS_PROXY, HTTP_PROXY, NO_PROXY", "proxies, and what needs none"],
  ["SSL_CERT_FILE, SSL_CERT_DIR", "authorities to trust"],
  ["OCI_DEBUG=1", "trace requests, like --debug"],
  ["NO_COLOR, CI", "no colors, no live view"],
];

/** What the process ends with. */
export const EXIT_STATUSES: readonly (readonly [code: number, meaning: string])[] = [
  [0, "done"],
  [2, "usage, or a question without a terminal"],
  [3, "archive, image or output file"],
  [4, "authentication"],
  [5, "network, TLS, timeout"],
  [6, "the registry refused"],
  [7, "digest mismatch"],
  [8, "state directory"],
  [9, "some of several failed"],
  [70, "a bug in this program"],
  [130, "stopped"],
];

/**
 * Lays topics out below the help of the root.
 *
 * @returns Sections of lines that fit into 66 columns.
 */
export function helpTopics(): string {
  const width = Math.max(...ENVIRONMENT.map(([names]) => names.length));
  return [
    "Environment:",
    ...ENVIRONMENT.map(([names, meaning]) => `  ${names.padEnd(width)}  ${meaning}`),
    "",
    "Exit codes:",
    ...EXIT_STATUSES.map(([code, meaning]) => `  ${String(code).padEnd(3)}  ${meaning}`),
  ].join("\n");
}
