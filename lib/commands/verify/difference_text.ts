import { roleText } from "../../spec/blob_roles.ts";
import { type Difference, problemText } from "../../transfer/verify/compare_image.ts";

/**
 * Says for people what a difference is of, and what is wrong.
 *
 * @param difference What a registry does not hold as it should.
 * @returns For example `layer 3 of linux/amd64` and `missing`; the part is text from outside.
 */
export function differenceText(difference: Difference): { part: string; problem: string } {
  return { part: roleText(difference), problem: problemText(difference) };
}
