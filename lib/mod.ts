/**
 * The library behind the command: read and write image archives, talk to registries, push and pull with events, be a
 * registry.
 *
 * - {@linkcode openArchive} reads what docker, podman and others save, without extracting it.
 * - {@linkcode connectRegistry} and {@linkcode Repository} speak the distribution protocol.
 * - {@linkcode pushImages} sends images from the one to the other and tells of it by {@linkcode TransferEvent}s.
 * - {@linkcode fetchImage}, {@linkcode layOutArchive} and {@linkcode receiveParts} bring them back.
 * - {@linkcode OriginSource} lets a push read from a registry, and {@linkcode compareImage} says what one lacks.
 * - {@linkcode createRegistryHandler} answers as a registry does: from archives, with {@linkcode createArchiveStore}, or from
 *   a directory that takes pushes, with {@linkcode openLayoutStore}.
 *
 * Nothing here prints, prompts, or ends the process; time, randomness and cancellation come from the caller.
 * Failures are {@linkcode PusherError}s with a code.
 *
 * @example Push every image of an archive under its own names
 * ```ts no-assert
 * import {
 *   connectRegistry,
 *   DEFAULT_RETRY_POLICY,
 *   openArchive,
 *   pushImages,
 *   type PushJob,
 *   Repository,
 *   systemClock,
 *   wholePart,
 * } from "./mod.ts";
 *
 * async function mirror(path: string, registry: string): Promise<string[]> {
 *   const { signal } = new AbortController();
 *   using archive = await openArchive(path);
 *   using session = await connectRegistry(registry, { clock: systemClock, signal });
 *   const jobs: PushJob[] = [];
 *   for (const image of archive.images) {
 *     // Archives may lack some of the platforms that an index lists.
 *     const root = await wholePart(image.root);
 *     if (!root) throw new Error(`Nothing of ${image.root.descriptor.digest} is whole`);
 *     for (const { repository, tag } of image.names) {
 *       const target = new Repository(session, repository);
 *       jobs.push({ image: { ...image, root }, source: archive, target, tag });
 *     }
 *   }
 *   const report = await pushImages(jobs, {
 *     policy: DEFAULT_RETRY_POLICY,
 *     clock: systemClock,
 *     random: Math.random,
 *     signal,
 *     concurrency: 3,
 *     onEvent: () => {},
 *   });
 *   return report.pushed.map(({ reference, digest }) => `${reference}@${digest}`);
 * }
 * ```
 *
 * @module
 */

export * from "./archive/archive_input.ts";
export * from "./archive/archive_layout.ts";
export type { BlobFile } from "./archive/blob_files.ts";
export * from "./archive/image_archive.ts";
export * from "./archive/open_archive.ts";
export * from "./archive/read_piped_archive.ts";
export * from "./errors.ts";
export { ImageLayout, ingestNameOf } from "./layout/image_layout.ts";
export type { StoredBlob } from "./layout/stored_blobs.ts";
export type { Ingest } from "./layout/ingest.ts";
export * from "./registry/blob_upload.ts";
export type { ConnectionsOptions } from "./registry/connection/connections.ts";
export type * from "./registry/connection/host_settings.ts";
export type * from "./registry/manifest_content.ts";
export type * from "./registry/registry_request.ts";
export type { FoundManifest } from "./registry/manifest_content.ts";
export * from "./registry/registry_session.ts";
export * from "./registry/repository.ts";
export * from "./server/archive_store.ts";
export type { BasicLogin } from "./server/basic_login.ts";
export * from "./server/http_service.ts";
export * from "./server/layout/open_layout_store.ts";
export type * from "./server/layout/served_layout.ts";
export * from "./server/registry_handler.ts";
export type * from "./server/registry_store.ts";
export { joinStores } from "./server/union_store.ts";
export type { BlobRole } from "./spec/blob_roles.ts";
export type * from "./spec/content_part.ts";
export * from "./spec/convert_format.ts";
export * from "./spec/credentials.ts";
export * from "./spec/descriptor.ts";
export * from "./spec/digest.ts";
export type {
  ContainerConfig,
  DockerSaveItem,
  HistoryEntry,
  ImageConfig,
  ImageIndex,
  ImageManifest,
} from "./spec/documents.ts";
export {
  DocumentError,
  MAX_DOCUMENT_BYTES,
  parseDockerSaveManifest,
  parseImageConfig,
  parseImageIndex,
  parseImageManifest,
} from "./spec/documents.ts";
export * from "./spec/image.ts";
export * from "./spec/join_index.ts";
export * from "./spec/media_type.ts";
export * from "./spec/pick_platforms.ts";
export * from "./spec/platform.ts";
export * from "./spec/platform_images.ts";
export * from "./spec/reference.ts";
export * from "./spec/whole_part.ts";
export * from "./spec/without_attestations.ts";
export type * from "./transfer/events.ts";
export * from "./transfer/fetch/fetch_image.ts";
export { OriginSource, type OriginSourceOptions } from "./transfer/fetch/origin_source.ts";
export type * from "./transfer/ports.ts";
export type { FoundBlob } from "./transfer/pass/passing_window.ts";
export * from "./transfer/push/push_images.ts";
export { jobReference, type PushJob } from "./transfer/push/push_job.ts";
export * from "./transfer/fetch/receive_parts.ts";
export type * from "./transfer/progress/report.ts";
export type { TransferTotals } from "./transfer/progress/transfer_tally.ts";
export type { TellingContext } from "./transfer/retry_telling.ts";
export { compareImage } from "./transfer/verify/compare_image.ts";
export type { BlobResult, CompareOptions, Comparison, Difference } from "./transfer/verify/compare_image.ts";
export type { UploadHabits } from "./transfer/upload/upload_habits.ts";
export type { OutgoingBlob } from "./transfer/upload/upload_content.ts";
export type { UploadStrategy } from "./transfer/upload/upload_policy.ts";
export * from "./util/buffer_ring.ts";
export type * from "./util/byte_reader.ts";
export * from "./util/clock.ts";
export type * from "./util/environment.ts";
export { RateLimiter } from "./util/rate_limiter.ts";
export * from "./util/retry.ts";
export type * from "./util/stream_body.ts";
export type { ShaAlgorithm } from "./util/sha256.ts";
export * from "./version.ts";
