import type { InspectedImage, InspectReport } from "../../commands/inspect_image.ts";
import { formatByteSize } from "../../util/byte_size.ts";
import { printable } from "../../util/printable.ts";
import { shortDigest } from "../ui/measures.ts";

/** A digest takes 71 of 80 columns. */
const KEY_WIDTH = 9;

/** What goes without saying in the type of a layer. */
const LAYER_TYPE_REGEXP = /^application\/vnd\.(?:oci\.image\.layer\.v1|docker\.image\.rootfs\.diff)\./;

/** Of a second. */
const FRACTION_REGEXP = /\.\d+/;

/**
 * Lays out what an archive holds for 80 columns. Layers are shown by short digest; `--json` has them in full.
 *
 * @param report What an archive holds.
 * @returns Lines; text from outside is escaped.
 */
export function inspectLines(report: InspectReport): string[] {
  const { path, reference, format, sizeBytes, images } = report;
  return [
    `${printable(path ?? reference ?? "")}: ${format}, ${formatByteSize(sizeBytes)}, ${
      count(images.length, "image")
    }`,
    ...images.flatMap((image) => imageLines(image, image.names.length > 0 ? image.names : ["no name"])),
  ];
}

function imageLines(image: InspectedImage, titles: readonly string[]): string[] {
  const {
    names,
    kind,
    digest,
    platform,
    osVersion,
    artifactType,
    subject,
    created,
    layers,
    manifests,
    referrers,
  } = image;
  const parent = names[0] ?? shortDigest(digest);
  return [
    "",
    ...titles.map((title) => printable(title)),
    ...(kind === "image"
      ? []
      : [pair("kind", artifactType === undefined ? kind : `${kind}, ${artifactType}`)]),
    pair("digest", digest),
    ...(platform === undefined ? [] : [pair("platform", platform)]),
    ...(osVersion === undefined ? [] : [pair("version", osVersion)]),
    ...(subject === undefined ? [] : [pair("of", subject)]),
    ...(created === undefined ? [] : [pair("created", created.replace(FRACTION_REGEXP, ""))]),
    ...runsLines(image),
    pair("size", sizeText(image)),
    ...image.absent.map(absentLine),
    ...layers.map(layerLine),
    ...manifests.flatMap((manifest) => {
      const of = manifests.find(({ digest }) => digest === manifest.subject)?.platform;
      const title = manifestTitle(manifest) + (of === undefined ? "" : ` of ${of}`);
      return imageLines(manifest, [`${title} in ${parent}`]);
    }),
    ...referrers.flatMap((referrer) => imageLines(referrer, [`${manifestTitle(referrer)} of ${parent}`])),
  ];
}

function manifestTitle({ kind, platform, digest }: InspectedImage): string {
  if (platform !== undefined) return platform;
  return kind === "image" ? shortDigest(digest) : kind;
}

function absentLine({ kind, digest, platform }: InspectedImage["absent"][number]): string {
  return pair("lacks", `${platform ?? kind}  ${shortDigest(digest)}`);
}

function pair(key: string, value: string): string {
  return `${key.padEnd(KEY_WIDTH)}${printable(value)}`;
}

/** The command line that a container of this image runs. */
function runsLines({ config }: InspectedImage): string[] {
  const command = [...config?.Entrypoint ?? [], ...config?.Cmd ?? []].join(" ");
  return command === "" ? [] : [pair("runs", command)];
}

function sizeText({ sizeBytes, layers, manifests }: InspectedImage): string {
  const parts = manifests.length > 0 ? count(manifests.length, "manifest") : count(layers.length, "layer");
  return `${formatByteSize(sizeBytes)} in ${parts}`;
}

function layerLine(layer: InspectedImage["layers"][number], position: number): string {
  const cells = [
    String(position + 1).padStart(KEY_WIDTH - 2),
    printable(shortDigest(layer.digest)),
    formatByteSize(layer.sizeBytes).padStart(8),
    printable(layer.mediaType.replace(LAYER_TYPE_REGEXP, "")),
  ];
  return cells.join("  ");
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
