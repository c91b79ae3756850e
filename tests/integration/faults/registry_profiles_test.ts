import assert from "node:assert/strict";
import { layerBodies, makePushStage } from "../../support/push_stage.ts";
import { dropConnection } from "../../support/registry/connection_faults.ts";
import type { Fault } from "../../support/registry/fault.ts";
import { type ProfileName, PROFILES } from "../../support/registry/profiles.ts";
import { startTestRegistry } from "../../support/test_registry.ts";

const MIB = 2 ** 20;
const AMAZON = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";

/** One image pushed to one kind of registry. */
interface Encounter {
  profile: ProfileName;
  /** What the registry is called; nothing that anything is known of when absent. */
  name?: string;
  layerMib: number;
  faults?: readonly Fault[];
  /** What the registry is sent, and what it says to it. */
  bodies: readonly string[];
}

async function assertEncounter({ profile, name, layerMib, faults = [], bodies }: Encounter): Promise<void> {
  await using stage = await makePushStage({ layerBytes: [layerMib * MIB] });
  await using registry = startTestRegistry({ profile });
  registry.repository("app");
  for (const fault of faults) registry.addFault(fault);
  const run = name === undefined
    ? await stage.push(registry, { chunkSizeBytes: undefined })
    : await stage.pushAs(name, registry);
  stage.assertPushed(run, registry);
  assert.deepEqual(layerBodies(registry), bodies);
  assert.deepEqual(await stage.journal(), []);
}

for (const profile of Object.keys(PROFILES) as ProfileName[]) {
  Deno.test(`${profile}: small and large layers arrive, by whatever way it takes`, async () => {
    await using stage = await makePushStage({ layerBytes: [12 * MIB, MIB / 2] });
    await using registry = startTestRegistry({ profile });
    registry.repository("app");
    stage.assertPushed(await stage.push(registry, { chunkSizeBytes: undefined }), registry);
  });
}

const cutPart = (nth: number): Fault => ({
  on: "append",
  nth,
  do: dropConnection({ afterBodyBytes: 1_000 }),
});
const lostAnswer = (nth: number): Fault => ({ on: "append", nth, do: dropConnection("before-answer") });

const ENCOUNTERS: readonly [string, Encounter][] = [
  [
    "Amazon gets parts of 5 to 10 MiB and the last one with the commit",
    { profile: "ecr", name: AMAZON, layerMib: 22, bodies: ["PATCH 10", "PATCH 10", "PUT 2"] },
  ],
  [
    "Amazon's public registry cannot be asked how much it has: a cut part is sent again",
    {
      profile: "ecr-public",
      name: "public.ecr.aws",
      layerMib: 22,
      faults: [cutPart(2)],
      bodies: ["PATCH 10", "PATCH cut", "PATCH 10", "PUT 2"],
    },
  ],
  [
    "Amazon's Range is not believed: a cut part is sent again",
    {
      profile: "ecr",
      name: AMAZON,
      layerMib: 32,
      faults: [cutPart(3)],
      bodies: ["PATCH 10", "PATCH 10", "PATCH cut", "PATCH 10", "PUT 2"],
    },
  ],
  [
    "Amazon refuses a part that it has, and the blob starts over",
    {
      profile: "ecr",
      name: AMAZON,
      layerMib: 22,
      faults: [lostAnswer(2)],
      bodies: ["PATCH 10", "PATCH cut", "PATCH 416", "PATCH 10", "PATCH 10", "PUT 2"],
    },
  ],
  [
    "an Amazon registry behind another name teaches where its last part belongs",
    {
      profile: "ecr",
      layerMib: 22,
      bodies: ["PATCH 10", "PATCH 10", "PATCH 2", "PATCH 10", "PATCH 10", "PUT 2"],
    },
  ],
  [
    "GitHub gets a blob in one body",
    { profile: "ghcr", name: "ghcr.io", layerMib: 22, bodies: ["PUT 22"] },
  ],
  [
    "GitHub gets what is left after a cut in parts of 4 MiB",
    {
      profile: "ghcr",
      name: "ghcr.io",
      layerMib: 22,
      faults: [{ on: "commit", do: dropConnection({ afterBodyBytes: 12 * MIB }) }],
      bodies: ["PUT cut", "PATCH 4", "PATCH 4", "PATCH 2"],
    },
  ],
  [
    "a GitHub registry behind another name teaches its 4 MiB",
    {
      profile: "ghcr",
      layerMib: 10.5,
      bodies: ["PATCH 416", "PATCH 416", "PATCH 4", "PATCH 4", "PATCH 2.5"],
    },
  ],
  ["Google gets a blob in one body", {
    profile: "gar",
    name: "europe-docker.pkg.dev",
    layerMib: 22,
    bodies: ["PUT 22"],
  }],
  [
    "Google gets a blob from the start after a cut",
    {
      profile: "gar",
      name: "gcr.io",
      layerMib: 22,
      faults: [{ on: "commit", do: dropConnection({ afterBodyBytes: 12 * MIB }) }],
      bodies: ["PUT cut", "PUT 22"],
    },
  ],
  [
    "a Google registry behind another name teaches that it takes one body",
    { profile: "gar", layerMib: 22, bodies: ["PATCH 405", "PATCH 22"] },
  ],
  [
    "an old Artifactory teaches that it takes content by PATCH only",
    { profile: "artifactory-6", layerMib: 8, bodies: ["PUT 405", "PATCH 8"] },
  ],
  [
    "Pulp's 204 is a success",
    { profile: "pulp", layerMib: 22, bodies: ["PATCH 10", "PATCH 10", "PATCH 2"] },
  ],
];

for (const [what, encounter] of ENCOUNTERS) Deno.test(what, () => assertEncounter(encounter));

const LESSONS: readonly [string, Encounter][] = [
  [
    "an Amazon registry behind another name is sent the last part with the commit",
    { profile: "ecr", layerMib: 22, bodies: ["PATCH 10", "PATCH 10", "PUT 2"] },
  ],
  ["an old Artifactory is sent content by PATCH only", {
    profile: "artifactory-6",
    layerMib: 8,
    bodies: ["PATCH 8"],
  }],
  [
    "a Google registry behind another name is sent one body, after a cut, too",
    { profile: "gar", layerMib: 22, faults: [cutPart(1)], bodies: ["PATCH cut", "PATCH 22"] },
  ],
];

for (const [what, { profile, layerMib, faults = [], bodies }] of LESSONS) {
  Deno.test(`${what} in the next run at once`, async () => {
    await using stage = await makePushStage({ layerBytes: [layerMib * MIB] });
    await using registry = startTestRegistry({ profile });
    registry.repository("app");
    stage.assertPushed(await stage.push(registry, { chunkSizeBytes: undefined }), registry);
    for (const fault of faults) registry.addFault(fault);
    const before = registry.requests.length;
    stage.assertPushed(await stage.push(registry, { chunkSizeBytes: undefined, force: true }), registry);
    assert.deepEqual(layerBodies({ requests: registry.requests.slice(before) }), bodies);
  });
}
