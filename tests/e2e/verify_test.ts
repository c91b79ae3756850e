import assert from "node:assert/strict";
import { fixturePath } from "../support/fixture_archives.ts";
import { testWith } from "../support/real_parts.ts";
import { startRealRegistry } from "../support/real_registry.ts";
import { assertRefused } from "../support/refusal.ts";
import { runCli } from "../support/run_cli.ts";
import { makeTempDir } from "../support/temp_dir.ts";

testWith(
  ["registry"],
  "verify compares with a real registry, and ends with what its exit codes promise",
  async () => {
    await using registry = await startRealRegistry();
    await using home = await makeTempDir();
    const archive = fixturePath("c8d-mp");
    const target = `${registry.host}/mp:1`;
    await runCli(["push", archive, "-t", target], { home });

    const pushed = await runCli(["verify", archive, "--pushed", "--deep", "--json"], { home });
    assert.equal(pushed.code, 0, pushed.stderr);
    const { isEqual, targets: [image] } = JSON.parse(pushed.stdout);
    assert.deepEqual([isEqual, image.reference, image.differences], [true, target, []]);
    assert.equal(image.readBytes, image.sizeBytes);

    const itself = await runCli(["verify", target]);
    assert.equal(itself.code, 0, itself.stderr);
    assert.equal(itself.stdout, `${target}@${image.digest} equal\n`);

    const other = await runCli(["verify", fixturePath("podman43-oci-archive"), "-t", target]);
    assertRefused({ ...other, stdout: "" }, {
      code: 7,
      message: /of its parts are missing or different/,
      hint: /^hint: Push the image again: /,
    });
    assert.match(other.stdout, /^ {2}tag .* other digest: sha256:/m);
    assert.match(other.stdout, /^ {2}layer 1 of linux\/amd64 .* missing$/m);

    const damaged = await runCli(["verify", fixturePath("z23-tampered"), fixturePath("docker26-one")]);
    assertRefused({ ...damaged, stdout: "" }, { code: 3, message: /1 of 2 archives/, hint: /again/ });
    assert.match(damaged.stdout, /^ {2}layer 1 of linux\/amd64, \w+\/layer\.tar: its content is sha256:/m);
  },
);
