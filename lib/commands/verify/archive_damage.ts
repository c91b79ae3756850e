import type { BlobFile, FileDigests } from "../../archive/blob_files.ts";
import { type BlobRole, blobRoles, roleText } from "../../spec/blob_roles.ts";
import { type Image, manifestsBottomUp } from "../../spec/image.ts";
import { wholePart } from "../../spec/whole_part.ts";
import { absentPlatforms } from "../push/whole_image.ts";

/** Something in an archive that is not what it should be. */
export interface Damage {
  /** The file in the archive, if it is one. */
  entry?: string;
  /** What it is, for people: for example `layer 3 of linux/amd64`. */
  part?: string;
  /** What is wrong; text from outside may be part of it. */
  problem: string;
  /** Digest that it should have. */
  expected?: string;
  /** Digest that it has. */
  actual?: string;
}

/**
 * What indexes list and the archive does not hold, of images that can be used all the same.
 *
 * @param images Images of one archive.
 * @returns Platforms for people.
 */
export async function lackedPlatforms(images: readonly Image[]): Promise<string[]> {
  const platforms: string[] = [];
  for (const { root } of images) if (await wholePart(root)) platforms.push(...absentPlatforms(root));
  return [...new Set(platforms)];
}

/**
 * What can be told of images without reading their layers: what they lack, and configs that are for other layers.
 *
 * @param images Images of one archive.
 * @returns What is wrong.
 */
export async function structuralDamage(images: readonly Image[]): Promise<Damage[]> {
  const damage: Damage[] = [];
  for (const { root } of images) {
    const isUsable = await wholePart(root) !== undefined;
    const roles = blobRoles(root);
    for (const { descriptor, blobs, config, subject, absent = [] } of manifestsBottomUp(root)) {
      for (const { digest } of isUsable ? [] : absent) {
        damage.push({ ...partOf(roles.get(digest)), problem: `${digest} is missing`, expected: digest });
      }
      const layers = blobs.length - 1;
      const diffIds = config?.rootfs.diff_ids.length ?? layers;
      if (!subject && diffIds !== layers && diffIds > 0) {
        const problem = `its config is for ${diffIds} layers, but it has ${layers}`;
        damage.push({ part: "manifest", entry: descriptor.digest, problem });
      }
    }
  }
  return damage;
}

/**
 * What is wrong with a file.
 *
 * @param file The file.
 * @param found What its content is.
 * @param role What it is to the images, if anything.
 * @returns Its damage; `undefined` if it is what it should be.
 */
export function fileDamage(
  { name, digest: expected }: BlobFile,
  found: FileDigests,
  role: BlobRole | undefined,
): Damage | undefined {
  const { digest: actual, diffId, failure } = found;
  const place = { entry: name, ...partOf(role) };
  if (actual !== expected) return { ...place, problem: `its content is ${actual}`, expected, actual };
  if (!role || role.diffIds.length === 0) return undefined;
  if (failure !== undefined) return { ...place, problem: `it cannot be decompressed: ${failure}` };
  const other = diffId && role.diffIds.find((wanted) => wanted !== diffId);
  if (!other) return undefined;
  const problem = `it decompresses to ${diffId}, but its config says ${other}`;
  return { ...place, problem, expected: other, actual: diffId };
}

function partOf(role: BlobRole | undefined): { part?: string } {
  return role ? { part: roleText(role) } : {};
}
