import {
  createArchiveStore,
  createRegistryHandler,
  openArchive,
  startHttpService,
  systemClock,
} from "../../lib/mod.ts";

/** A registry that answers. */
export interface RunningRegistry extends AsyncDisposable {
  /** Its host, for example `127.0.0.1:41231`. */
  readonly host: string;
  /** What there is to pull: `host/repository:tag`. */
  readonly references: readonly string[];
}

/**
 * Serves the images of an archive on a free port of this machine, until it is disposed. Nothing is unpacked.
 *
 * @param path Archive that is not compressed as a whole.
 * @returns The registry.
 */
export async function serveArchive(path: string): Promise<RunningRegistry> {
  const archive = await openArchive(path);
  const { store, images } = createArchiveStore([archive]);
  const service = startHttpService(createRegistryHandler(store), {
    hostname: "127.0.0.1",
    port: 0,
    clock: systemClock,
  });
  const host = `127.0.0.1:${service.address.port}`;
  return {
    host,
    references: images.map(({ repository, tag, digest }) =>
      tag ? `${host}/${repository}:${tag}` : `${host}/${repository}@${digest}`
    ),
    async [Symbol.asyncDispose]() {
      await service.stop(1_000);
      archive[Symbol.dispose]();
    },
  };
}
