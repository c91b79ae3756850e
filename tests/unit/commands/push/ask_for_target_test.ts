import assert from "node:assert/strict";
import type { Interaction } from "../../../../lib/commands/command_context.ts";
import { askForTarget } from "../../../../lib/commands/push/ask_for_target.ts";
import { sha256Digest } from "../../../../lib/spec/digest.ts";
import { parseReference } from "../../../../lib/spec/reference.ts";
import type { PushRecord } from "../../../../lib/state/push_history.ts";

/** What was asked; the answer is the choice of this number. */
interface Asked {
  question: string;
  offers: string[];
  answer: string;
}

async function ask(
  { name, inferred, pushes = [], pick = 0 }: {
    name?: string;
    inferred?: string;
    pushes?: readonly (readonly [image: string, target: string])[];
    pick?: number;
  },
): Promise<Asked> {
  const asked: Asked = { question: "", offers: [], answer: "" };
  const interaction: Interaction = {
    confirm: () => assert.fail(),
    password: () => assert.fail(),
    selectSeveral: () => assert.fail(),
    text: (question) => {
      asked.question = question;
      return Promise.resolve("typed.example/app:1");
    },
    select: (question, choices) => {
      asked.question = question;
      asked.offers = choices.map(({ label, hint }) => hint === undefined ? label : `${label} (${hint})`);
      return Promise.resolve(choices.at(pick)!.value);
    },
  };
  const records = pushes.map(([image, target]): PushRecord => ({
    image,
    target,
    digest: sha256Digest("a".repeat(64)),
    pushedAt: "2026-01-02T03:04:05.000Z",
    confirmed: true,
  }));
  asked.answer = await askForTarget({
    name: name === undefined ? undefined : parseReference(name),
    inferred: inferred === undefined ? undefined : parseReference(inferred),
    pushes: records,
    interaction,
  });
  return asked;
}

Deno.test("askForTarget() offers what is inferred, then where others of its name and other images went", async () => {
  const { question, offers, answer } = await ask({
    name: "team/app:2",
    inferred: "r.example/team/app:2",
    pushes: [["team/app:1", "s.example/prod/backend:1"], ["web/nginx:1", "r.example:5000/mirror/nginx:1"]],
  });
  assert.equal(question, "Where should docker.io/team/app:2 go?");
  assert.deepEqual(offers, [
    "r.example/team/app:2 (the most recent registry)",
    "r.example:5000/mirror/app:2 (web/nginx:1 went to r.example:5000/mirror/nginx:1 on 2026-01-02)",
    "s.example/prod/backend:2 (team/app:1 went to s.example/prod/backend:1 on 2026-01-02)",
    "somewhere else",
  ]);
  assert.equal(answer, "r.example/team/app:2");
});

Deno.test("askForTarget() offers an image without a name the last five targets, each once", async () => {
  const pushes = ["a", "b", "c", "d", "a", "e", "f"].map((name) => [name, `r.example/${name}:1`] as const);
  const { question, offers, answer } = await ask({ pushes, pick: 2 });
  assert.equal(question, "Where should the image without a name go?");
  assert.deepEqual(
    offers.map((offer) => offer.split(" ")[0]),
    ["f", "e", "a", "d", "c"].map((name) => `r.example/${name}:1`).concat("somewhere"),
  );
  assert.equal(answer, "r.example/a:1");
});

Deno.test("askForTarget() lets the user type another target, and at once where there is nothing to offer", async () => {
  const typed = "typed.example/app:1";
  assert.equal((await ask({ pushes: [["app:1", "r.example/app:1"]], pick: -1 })).answer, typed);
  const { question, answer } = await ask({ name: "app:1" });
  assert.equal(question, "Where should docker.io/library/app:1 go (registry/repository:tag)?");
  assert.equal(answer, typed);
});
