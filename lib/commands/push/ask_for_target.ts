import { formatReference, parseReference, type Reference, withDefaultTag } from "../../spec/reference.ts";
import type { PushRecord } from "../../state/push_history.ts";
import type { Choice, Interaction } from "../command_context.ts";

/** How many targets of the past are offered. */
const MAX_OFFERS = 5;

/** What a question about a target builds on. */
export interface TargetQuestion {
  /** Name of the image, with tag or digest, if it has one. */
  name: Reference | undefined;
  /** Where it would go by itself. */
  inferred: Reference | undefined;
  /** Earlier pushes, the newest last. */
  pushes: readonly PushRecord[];
  /** Asks. */
  interaction: Interaction;
}

/**
 * Lets the user pick where an image goes: to the most recent registry, to where one of the last five targets was, or
 * elsewhere.
 *
 * @param question What is known.
 * @returns A reference as the user would type it; what they typed is not checked.
 * @throws {PusherError} `CANCELED` if they leave.
 */
export async function askForTarget(question: TargetQuestion): Promise<string> {
  const { name, inferred, interaction } = question;
  const choices = new Map<string, Choice<string | undefined>>();
  const offer = (value: string, hint: string): void => {
    if (!choices.has(value)) choices.set(value, { value, label: value, hint });
  };
  if (inferred) offer(formatReference(inferred), "the most recent registry");
  for (const push of lastTargets(question.pushes)) {
    offer(
      name ? targetBeside(push, name) : push.target,
      `${push.image} went to ${push.target} on ${push.pushedAt.slice(0, 10)}`,
    );
  }
  const what = name ? formatReference(name) : "the image without a name";
  const elsewhere = { value: undefined, label: "somewhere else" };
  const picked = choices.size > 0
    ? await interaction.select(`Where should ${what} go?`, [...choices.values(), elsewhere])
    : undefined;
  return picked ?? await interaction.text(`Where should ${what} go (registry/repository:tag)?`);
}

/** The newest first, each once. */
function lastTargets(pushes: readonly PushRecord[]): PushRecord[] {
  const newest = new Map<string, PushRecord>();
  for (const push of pushes.toReversed()) {
    if (newest.size < MAX_OFFERS && !newest.has(push.target)) newest.set(push.target, push);
  }
  return [...newest.values()];
}

/**
 * Another image's tag is not to be overwritten: an image goes to the repository that others of its name went to, and
 * else beside those of other names.
 */
function targetBeside({ image, target }: PushRecord, name: Reference): string {
  const { tag, digest } = name;
  const past = parseReference(target);
  const isSameName = image.replace(/[:@].*$/, "") === name.repository;
  const repository = isSameName
    ? past.repository
    : past.repository.replace(/[^/]+$/, name.repository.replace(/^.*\//, ""));
  return formatReference(withDefaultTag({ registry: past.registry, repository, tag, digest }));
}
