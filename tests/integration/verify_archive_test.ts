import assert from "node:assert/strict";
import {
  gzip,
  layerBytes,
  ociBlob,
  ociImage,
  ociIndex,
  ociLayoutMembers,
  ociManifest,
  tarBytes,
  type TarMember,
  toBytes,
} from "../support/archives.ts";
import { dirTransportMembers, writeDirectory } from "../support/archive_directories.ts";
import { MEDIA_TYPE } from "../../lib/spec/media_type.ts";
import { DAMAGED_ARCHIVES, fixturePath, GOOD_ARCHIVES } from "../support/fixture_archives.ts";
import { makeTempDir } from "../support/temp_dir.ts";
import { checkArchive, checkPiped } from "../support/verify_stage.ts";

const PLATFORM = { os: "linux", architecture: "amd64" };
const LAYERS = [layerBytes("base"), layerBytes("app")];

/** The same archive, but for one bit in the middle of an entry. */
function flipped(members: readonly TarMember[], name: string): TarMember[] {
  return members.map((member) => {
    if (member.name !== name) return member;
    const body = toBytes(member.body ?? "");
    const middle = body.length >> 1;
    body[middle] = body[middle]! ^ 1;
    return { ...member, body };
  });
}

Deno.test("verify finds nothing wrong with what every producer writes, in a file or a pipe", async () => {
  for (const fixture of Object.keys(GOOD_ARCHIVES)) {
    const path = fixturePath(fixture);
    const file = await checkArchive(path);
    assert.deepEqual(file.damage, [], fixture);
    assert.ok(file.blobs > 1 && file.sizeBytes > 0, fixture);
    const piped = await checkPiped(await Deno.readFile(path));
    assert.deepEqual({ ...piped, path }, file, fixture);
  }
});

Deno.test("verify finds what is wrong with archives that contradict themselves", async () => {
  for (const [fixture, { message }] of Object.entries(DAMAGED_ARCHIVES)) {
    const { damage } = await checkArchive(fixturePath(fixture));
    assert.equal(damage.length, 1, fixture);
    // A push notices of layers only that they are other ones.
    const expected = fixture === "z23-tampered" ? /its content is sha256:6baf/ : message;
    assert.match(damage[0]!.problem, expected, fixture);
  }
});

Deno.test("verify names the place of a flipped bit, whatever it is in: tar file, pipe or directory", async () => {
  await using dir = await makeTempDir();
  const image = await ociImage(PLATFORM, LAYERS);
  const index = await ociIndex([image, await ociImage({ ...PLATFORM, architecture: "arm64" }, [LAYERS[0]!])]);
  const members = ociLayoutMembers([index]);
  const [base, app, config, manifest] = image.members.map(({ name }) => name);
  const parts: Record<string, RegExp> = {
    [base!]: /^layer 1 of linux\/amd64: its content is sha256:/,
    [app!]: /^layer 2 of linux\/amd64: its content is sha256:/,
    [config!]: /^: the content of "blobs\/sha256\/\w+" is not what its digest says/,
    [manifest!]: /^: the content of "blobs\/sha256\/\w+" is not what its digest says/,
    [index.members.at(-1)!.name]: /^: the content of "blobs\/sha256\/\w+" is not what its digest says/,
  };
  for (const [at, [name, message]] of Object.entries(parts).entries()) {
    const damaged = flipped(members, name);
    const path = dir.join(`${at}.tar`);
    await Deno.writeFile(path, tarBytes(damaged));
    const layout = await writeDirectory(dir.join(`${at}`), damaged);
    for (
      const { damage } of [
        await checkArchive(path),
        await checkArchive(layout),
        await checkPiped(tarBytes(damaged)),
      ]
    ) {
      assert.deepEqual(damage.map(({ entry }) => entry), [name]);
      assert.match(`${damage[0]!.part ?? ""}: ${damage[0]!.problem}`, message);
    }
  }
});

Deno.test("verify decompresses layers: what their config says is not what comes out, or nothing does", async () => {
  await using dir = await makeTempDir();
  const config = await ociBlob({
    ...PLATFORM,
    rootfs: { type: "layers", diff_ids: [`sha256:${"1".repeat(64)}`, `sha256:${"2".repeat(64)}`] },
  }, MEDIA_TYPE.ociConfig);
  const cut = (await gzip(LAYERS[1]!)).slice(0, -9);
  const other = await ociBlob(await gzip(LAYERS[0]!), MEDIA_TYPE.ociLayerGzip);
  const broken = await ociBlob(cut, MEDIA_TYPE.ociLayerGzip);
  const members = ociLayoutMembers([await ociManifest(config, [other, broken])]);
  const bytes = tarBytes(members);
  await Deno.writeFile(dir.join("image.tar"), bytes);
  for (const { damage } of [await checkArchive(dir.join("image.tar")), await checkPiped(bytes)]) {
    assert.deepEqual(damage.map(({ part }) => part), ["layer 1 of linux/amd64", "layer 2 of linux/amd64"]);
    assert.match(damage[0]!.problem, /^it decompresses to sha256:\w+, but its config says sha256:1111/);
    assert.match(damage[1]!.problem, /^it cannot be decompressed: /);
  }
});

Deno.test("verify looks at what no image needs, and at dir: layouts; what an index lists may be absent", async () => {
  await using dir = await makeTempDir();
  const [amd64, arm64] = [
    await ociImage(PLATFORM, LAYERS),
    await ociImage({ ...PLATFORM, architecture: "arm64" }, LAYERS),
  ];
  const stray = `blobs/sha256/${"a".repeat(64)}`;
  const held = new Set(amd64.members.map(({ name }) => name));
  const index = await ociIndex([amd64, arm64]);
  const listed = index.members.filter(({ name }) => held.has(name) || name === index.members.at(-1)!.name);
  const members = [...ociLayoutMembers([{ ...index, members: listed }]), { name: stray, body: "stray" }];
  for (const path of [dir.join("image.tar"), dir.join("layout")]) {
    if (path.endsWith(".tar")) await Deno.writeFile(path, tarBytes(members));
    else await writeDirectory(path, members);
    const { lacks, damage } = await checkArchive(path);
    assert.deepEqual(lacks, ["linux/arm64"]);
    assert.deepEqual(damage.map(({ entry, part }) => [entry, part]), [[stray, undefined]]);
  }
  const transport = flipped(dirTransportMembers(amd64), amd64.members[0]!.name.slice("blobs/sha256/".length));
  const { format, damage } = await checkArchive(await writeDirectory(dir.join("dir"), transport));
  assert.equal(format, "docker-dir");
  assert.deepEqual(damage.map(({ part }) => part), ["layer 1 of linux/amd64"]);
});
