import assert from "node:assert/strict";
import { inspect } from "../../../lib/commands/inspect.ts";
import type { InspectReport } from "../../../lib/commands/inspect_image.ts";
import type { TransferEvent } from "../../../lib/transfer/events.ts";
import {
  annotated,
  layerBytes,
  ociBlob,
  ociImage,
  ociIndex,
  ociLayoutMembers,
  ociManifest,
  tarBytes,
  type TarMember,
} from "../../support/archives.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { makeTempDir } from "../../support/temp_dir.ts";

const NAME = "io.containerd.image.name";
const amd64 = await ociImage({ os: "linux", architecture: "amd64" }, [layerBytes("amd64")]);
const arm64 = await ociImage({ os: "linux", architecture: "arm64", variant: "v8" }, [layerBytes("arm64")]);
const empty = await ociBlob({}, "application/vnd.oci.empty.v1+json");

async function inspected(
  members: readonly TarMember[],
): Promise<{ report: InspectReport; events: readonly TransferEvent[] }> {
  await using dir = await makeTempDir();
  await Deno.writeFile(dir.join("app.tar"), tarBytes(members));
  const events: TransferEvent[] = [];
  const report = await inspect({ archive: dir.join("app.tar") }, {
    clock: new FakeClock(),
    random: () => 0,
    signal: new AbortController().signal,
    env: () => undefined,
    onEvent: (event) => events.push(event),
  });
  return { report, events };
}

Deno.test("inspect() tells images, attestations and artifacts apart, and what they are about", async () => {
  const statement = await ociBlob({}, "application/vnd.in-toto+json");
  const attestation = annotated(await ociManifest(empty, [statement]), {
    "vnd.docker.reference.type": "attestation-manifest",
    "vnd.docker.reference.digest": amd64.descriptor.digest,
  });
  const index = annotated(await ociIndex([amd64, arm64, attestation]), { [NAME]: "docker.io/t/app:1" });
  const sbom = await ociManifest(empty, [statement], amd64.descriptor);
  const { report, events } = await inspected(ociLayoutMembers([index, sbom]));
  const [image] = report.images;
  assert.deepEqual([image?.kind, image?.names, image?.absent], ["index", ["docker.io/t/app:1"], []]);
  assert.deepEqual(image?.manifests.map(({ kind, platform, subject }) => [kind, platform, subject]), [
    ["image", "linux/amd64", undefined],
    ["image", "linux/arm64/v8", undefined],
    ["attestation", undefined, amd64.descriptor.digest],
  ]);
  assert.deepEqual(image?.referrers.map(({ kind, artifactType, subject }) => [kind, artifactType, subject]), [
    ["artifact", empty.descriptor.mediaType, amd64.descriptor.digest],
  ]);
  assert.deepEqual(events.map(({ type }) => type), ["archive:ready"], "nothing is odd about it");
});

Deno.test("inspect() says what an archive does not hold", async () => {
  const index = await ociIndex([amd64, arm64]);
  const own = new Set(arm64.members.map(({ name }) => name));
  const layer = amd64.members[0]!.name;
  const { report } = await inspected(
    ociLayoutMembers([index]).filter(({ name }) => !own.has(name) && name !== layer),
  );
  const [image] = report.images;
  const { mediaType, digest, size: sizeBytes } = arm64.descriptor;
  const platform = "linux/arm64/v8";
  assert.deepEqual(image?.absent, [{ kind: "manifest", digest, mediaType, sizeBytes, platform }]);
  assert.deepEqual(image?.manifests[0]?.absent.map(({ kind, digest }) => [kind, digest]), [
    ["blob", layer.replace("blobs/sha256/", "sha256:")],
  ]);
});
