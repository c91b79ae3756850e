import { openInput } from "../../lib/archive/archive_input.ts";
import { readPipedArchive } from "../../lib/archive/read_piped_archive.ts";
import { connectRegistry } from "../../lib/registry/registry_session.ts";
import { Repository } from "../../lib/registry/repository.ts";
import { PassingPush } from "../../lib/transfer/pass/passing_push.ts";
import type { PushReport } from "../../lib/transfer/progress/report.ts";
import { DEFAULT_RETRY_POLICY } from "../../lib/util/retry.ts";
import assert from "node:assert/strict";
import { FakeClock } from "../support/fake_clock.ts";
import { assertFixturePushed, fixturePath, GOOD_ARCHIVES } from "../support/fixture_archives.ts";
import { bytesReader } from "../support/piped_input.ts";
import { startTestRegistry, type TestRegistry } from "../support/test_registry.ts";

/** Pushes every image under its names, and has every blob pass, however small: nothing but documents is kept. */
async function passAll(fixture: string, { host }: TestRegistry): Promise<PushReport> {
  const clock = new FakeClock({ autoAdvance: true });
  const { signal } = new AbortController();
  using session = await connectRegistry(host, { clock, signal });
  using passing = new PassingPush([new Repository(session, `${fixture}/staging`)], {
    policy: DEFAULT_RETRY_POLICY,
    clock,
    signal,
    random: () => 0.5,
    concurrency: 3,
    onEvent: () => {},
  });
  const read = bytesReader(await Deno.readFile(fixturePath(fixture)), 1000);
  await using input = await openInput({ path: "-", read, close: () => {} });
  using archive = await readPipedArchive(input, (file, read) => passing.pass(file, read), { smallBytes: 0 });
  return await passing.push(archive.images.flatMap((image, at) => {
    const names = image.names.length > 0 ? image.names : [{ repository: `unnamed-${at}`, tag: "1" }];
    return names.map(({ repository, tag }) => ({
      image,
      source: archive,
      target: new Repository(session, `${fixture}/${repository.replace(/^library\//, "")}`),
      tag,
    }));
  }));
}

for (const fixture of Object.keys(GOOD_ARCHIVES)) {
  Deno.test(`all of ${fixture} reaches a registry while it passes`, async () => {
    await using registry = startTestRegistry({ profile: "distribution-2.8" });
    const { pushed, failures } = await passAll(fixture, registry);
    assert.deepEqual(failures, []);
    await assertFixturePushed(
      fixture,
      registry,
      pushed.map(({ reference, digest }) => `${reference}@${digest}`),
    );
  });
}
