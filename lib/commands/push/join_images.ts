import { PusherError } from "../../errors.ts";
import type { Image } from "../../spec/image.ts";
import { joinIndex } from "../../spec/join_index.ts";
import { formatReference, type Reference } from "../../spec/reference.ts";
import { joinSources } from "../../transfer/push/joined_source.ts";
import { labelOf, type SourcedImage } from "./sourced_image.ts";
import { wholeRoot } from "./whole_image.ts";

/**
 * Makes one image for several platforms of images for one each.
 *
 * @param images The images, of one archive or several.
 * @returns An image whose root is a new index; it has the names that all of them have.
 * @throws {PusherError} `USAGE` if two are for the same platform, or there is nothing to join; `ARCHIVE_CORRUPT` if
 * nothing of an image is whole.
 */
export async function joinImages(images: readonly SourcedImage[]): Promise<SourcedImage> {
  if (images.length < 2) throw nothingToJoin();
  const parts: { image: Image; source: SourcedImage["source"]; label: string }[] = [];
  for (const image of images) {
    const root = await wholeRoot(image);
    parts.push({
      image: { ...image, root },
      source: image.source,
      label: `${image.path} (${labelOf(image)})`,
    });
  }
  return {
    names: commonNames(images),
    root: await joinIndex(parts.map(({ image, label }) => ({ root: image.root, label }))),
    referrers: parts.flatMap(({ image }) => image.referrers ?? []),
    source: joinSources(parts),
    path: [...new Set(images.map(({ path }) => path))].join(", "),
  };
}

function commonNames([first, ...others]: readonly Image[]): Reference[] {
  const texts = others.map(({ names }) => new Set(names.map(formatReference)));
  return first?.names.filter((name) => texts.every((each) => each.has(formatReference(name)))) ?? [];
}

function nothingToJoin(): PusherError {
  return new PusherError("USAGE", "Cannot make an index: there is one image only", {
    detail: { option: "--index" },
    hint: "Name the archives of all platforms, or leave --index out.",
  });
}
