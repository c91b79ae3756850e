import { PusherError } from "../../errors.ts";
import { formatReference } from "../../spec/reference.ts";
import type { CredentialStore } from "../../state/credential_store.ts";
import type { PushRecord } from "../../state/push_history.ts";
import type { ChosenTarget, Experience } from "../../transfer/push/choose_targets.ts";
import type { CommandContext } from "../command_context.ts";
import type { SourcedImage } from "./sourced_image.ts";

/** How long a person has to stop a push to where it went before. */
const SECOND_THOUGHTS_MS = 2_000;

/** What the user said about images and targets. */
export interface TargetOptions {
  /** Where to, as `registry/repository:tag`; chosen from names and history when empty. */
  targets?: readonly string[] | undefined;
  /** Registry to push under the archive's names, with a path in front if any. */
  registry?: string | undefined;
  /** Which images: by name, repository or digest; all when empty. */
  images?: readonly string[] | undefined;
  /** Do not ask about new destinations. */
  yes?: boolean | undefined;
}

/** An image that can be read, and where it goes. */
export type ImageTarget = ChosenTarget<SourcedImage>;

/**
 * What is known of earlier pushes and logins.
 *
 * @param pushes Earlier pushes, the newest last.
 * @param store Logins.
 * @returns What targets are chosen by.
 */
export async function recallExperience(
  pushes: readonly PushRecord[],
  store: CredentialStore,
): Promise<Experience> {
  const confirmed = pushes.filter((push) => push.confirmed);
  const lastTarget = pushes.at(-1)?.target;
  return {
    lastTarget: (name) => confirmed.findLast(({ image }) => image === name)?.target,
    recentRegistry: lastTarget?.slice(0, lastTarget.indexOf("/")) ?? (await store.list()).at(-1)?.registry,
    isConfirmed: (repository) => confirmed.some(({ target }) => target.startsWith(`${repository}:`)),
  };
}

const REASONS: Readonly<Record<ChosenTarget["chosenBy"], string>> = {
  user: "",
  history: " (where it went last time)",
  "recent-registry": " (the most recent registry)",
};

/**
 * Says where everything goes; asks about destinations the user neither named nor used before.
 *
 * @param chosen What goes where.
 * @param options Whether to ask.
 * @param context Asks, and is told.
 * @throws {PusherError} `USAGE` if nobody can be asked, `CANCELED` if they say no.
 */
export async function confirmTargets(
  chosen: readonly ImageTarget[],
  options: TargetOptions,
  context: CommandContext,
): Promise<void> {
  const { interaction, onEvent, clock, signal } = context;
  for (const { image, name, reference, chosenBy } of chosen) {
    const what = name ?? image.root.descriptor.digest;
    onEvent({ type: "notice", message: `${what} → ${formatReference(reference)}${REASONS[chosenBy]}` });
  }
  if (options.yes) return;
  const fresh = chosen.filter(({ isNew }) => isNew).map(({ reference }) => formatReference(reference));
  if (fresh.length > 0) {
    if (!interaction) throw unconfirmed(fresh);
    const question = fresh.length === 1
      ? `Push to ${fresh[0]}?`
      : `Push to these ${fresh.length} new destinations?`;
    if (!await interaction.confirm(question)) throw declined();
  } else if (interaction && chosen.some(({ chosenBy }) => chosenBy !== "user")) {
    await clock.sleep(SECOND_THOUGHTS_MS, signal);
  }
}

function unconfirmed(fresh: readonly string[]): PusherError {
  return new PusherError(
    "USAGE",
    `Cannot push to "${fresh[0]}": it is a new destination that nobody has confirmed`,
    {
      detail: { option: "--yes" },
      hint: "Name it with -t, or confirm it with --yes.",
    },
  );
}

function declined(): PusherError {
  return new PusherError("CANCELED", "Cannot push: the destination was declined", {
    detail: {},
    hint: "Name another one with -t or --registry.",
  });
}
