import {
  connectRegistry,
  type Credentials,
  DEFAULT_RETRY_POLICY,
  isWhole,
  openArchive,
  parseReference,
  pushImages,
  Repository,
  systemClock,
  type TransferEvent,
} from "../../lib/mod.ts";

/** What a push may be given. */
export interface PushOptions {
  /** Who pushes; anonymous when absent. */
  credentials?: Credentials;
  /** Stops the push. */
  signal?: AbortSignal;
  /** Told of everything that happens. */
  onEvent?: (event: TransferEvent) => void;
}

/**
 * Pushes the first image of an archive.
 *
 * @param path Archive, as docker, podman and others save them.
 * @param target Where it goes: `registry/repository:tag`.
 * @param options Credentials, events.
 * @returns `registry/repository:tag@digest`.
 */
export async function pushArchive(path: string, target: string, options: PushOptions = {}): Promise<string> {
  const { credentials, signal = new AbortController().signal, onEvent = () => {} } = options;
  const { registry, repository, tag = "latest" } = parseReference(target);
  using archive = await openArchive(path);
  const [image] = archive.images;
  if (!image || !isWhole(image.root)) throw new Error(`${path} has no image that is complete`);
  using session = await connectRegistry(registry, { credentials, clock: systemClock, signal });
  const job = { image, source: archive, target: new Repository(session, repository), tag };
  const { pushed, failures } = await pushImages([job], {
    policy: DEFAULT_RETRY_POLICY,
    clock: systemClock,
    random: Math.random,
    signal,
    concurrency: 3,
    onEvent,
  });
  if (failures[0]) throw failures[0].error;
  return pushed.map(({ reference, digest }) => `${reference}@${digest}`).join();
}
