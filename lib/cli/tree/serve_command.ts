import { readServeLogin } from "../read_serve_login.ts";
import type { CommandLine } from "./program.ts";

/**
 * Defines `serve`.
 *
 * @param commandLine Where to add it, and how to run it.
 */
export function defineServe({ program, host, run }: CommandLine): void {
  program.command("serve")
    .summary("be a registry for the images of archives")
    .description(
      "Serves images to docker, podman, containerd, skopeo and crane as a registry does, straight from archives: " +
        "nothing is unpacked. With --store it also takes pushes. Prints registry/repository:tag@digest for each.",
    )
    .argument("[archives...]", "image archives, layout directories, or directories of tar archives")
    .optionsGroup("Serve options:")
    .option("--listen <host:port>", "where to listen (default: 127.0.0.1:5000); port 0 picks a free one")
    .option("--store <dir>", "take pushes, and keep them in this directory as an OCI image layout")
    .option("--tls-cert <file>", "PEM certificate chain of this registry, with --tls-key")
    .option("--tls-key <file>", "PEM key of that certificate")
    .option("--username <name>", "ask for this user name, with a password")
    .addOption(
      program.createOption("--password <password>", "the password, visible to other users of this machine")
        .conflicts("passwordStdin"),
    )
    .option(
      "--password-stdin",
      "read the password from standard input (env: DOCKER_IMAGE_PUSHER_SERVE_PASSWORD)",
    )
    .addHelpText(
      "after",
      `
Examples:
  $ docker-image-pusher serve delivery.tar
  $ docker-image-pusher serve archives/ --listen 0.0.0.0:5000
  $ docker-image-pusher serve --store /srv/images --username ann --password-stdin <pass
  $ docker-image-pusher serve app.tar --tls-cert server.pem --tls-key server.key`,
    )
    .action(async (archives, _, command) => {
      const options = command.optsWithGlobals();
      await run(async (context) => {
        const { serve } = await import("../../commands/serve/serve.ts");
        const { serveNotice, serveText } = await import("../view/serve_view.ts");
        const login = await readServeLogin(options, host, context);
        const { listen, store, tlsCert, tlsKey } = options;
        await serve({
          archives,
          listen,
          store,
          tlsCert,
          tlsKey,
          login,
          onListening: (report) => {
            host.stdout.write(serveText(report, { ...host, json: options.json }));
            context.onEvent({ type: "notice", message: serveNotice(report) });
          },
        }, context);
        // All there is to say was said when it began to listen.
        return { report: {}, lines: [], content: new Uint8Array() };
      }, options);
    });
}
